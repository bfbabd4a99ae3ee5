import type { Clock } from "../ports/clock.ts";
import type { Store } from "../ports/store.ts";
import type { ForeignUse } from "./foreign-use.ts";
import type { GpuView } from "./gpu-view.ts";
import type { HostState } from "./host-state.ts";
import type { InventoryBook } from "./inventory-book.ts";
import type { ViewPublisher } from "./publish-views.ts";
import { updateQuotaStatuses } from "./quota-status.ts";
import type { ReservationDesk } from "./reservation-desk.ts";
import type { WaitingWatch } from "./waiting-watch.ts";

/** Changes are gathered for this long, so that what belongs together is looked at once. */
const gatherMs = 20;
/** In a burst of changes there is this much time between two looks. */
const burstMs = 100;

export interface HostWatchOptions {
  readonly store: Store;
  readonly host: HostState;
  readonly inventory: InventoryBook;
  readonly gpus: GpuView;
  readonly publisher: ViewPublisher;
  readonly waiting: WaitingWatch;
  readonly foreignUse: ForeignUse;
  readonly reservations: ReservationDesk;
  readonly clock: Clock;
  readonly slotOf: (uuid: string) => string;
  readonly enqueue: (namespace: string, name: string) => void;
}

/** After any change on the host: republish views, and wake the objects for which the change matters. */
export class HostWatch {
  readonly #options: HostWatchOptions;
  #planned = false;
  #updatedAt = 0;
  #closed = false;
  #seen = "";

  constructor(options: HostWatchOptions) {
    this.#options = options;
  }

  /** Something changed; cheap, may be called at every event. */
  touch(): void {
    if (this.#planned || this.#closed) return;
    this.#planned = true;
    const { clock } = this.#options;
    const rest = this.#updatedAt + burstMs - clock.now();
    clock.callAt(clock.now() + Math.min(burstMs, Math.max(gatherMs, rest)), () => {
      this.#planned = false;
      this.#updatedAt = clock.now();
      if (!this.#closed) this.update();
    });
  }

  close(): void {
    this.#closed = true;
  }

  update(): void {
    const { store, host, inventory, gpus, publisher, waiting, foreignUse, reservations } = this.#options;
    const { clock, slotOf, enqueue } = this.#options;
    if (host.versionKey === this.#seen) return;
    const view = host.view();
    const records = store.list("ContainerSpec");
    gpus.update(inventory.current, view);
    updateQuotaStatuses(store, view, clock.now());
    reservations.update(view);
    publisher.publish({
      view,
      records,
      slotOf,
      priorityOf: (record) => record.spec?.priority ?? view.quotaOf(record.namespace).priority.value,
      now: clock.now(),
    });
    for (const record of waiting.changed(records, view)) enqueue(record.namespace, record.name);
    this.#seen = host.versionKey;
    // Told with the owner, where one is found.
    void host.learnForeignOwners().then((isNew) => {
      if (isNew) this.touch();
      else if (!this.#closed) foreignUse.tell(gpus.list());
    });
  }
}
