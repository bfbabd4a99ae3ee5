import { expect, test } from "vitest";
import { numericUser } from "./container-user.ts";

const passwd = "root:x:0:0::/root:/bin/sh\njovyan:x:1000:100::/home/jovyan:/bin/bash\n";
const group = "root:x:0:\nusers:x:100:\nlab:x:2000:jovyan\n";

test.each([
  ["", 0, 0],
  ["root", 0, 0],
  ["jovyan", 1000, 100],
  ["jovyan:lab", 1000, 2000],
  ["jovyan:7", 1000, 7],
  ["1000", 1000, 100],
  ["1234", 1234, 0],
  ["1234:4321", 1234, 4321],
  ["1234:users", 1234, 100],
  ["ghost", 0, 0],
])("%j is %i:%i", async (written, uid, gid) => {
  const files = { passwd: async () => passwd, group: async () => group };
  expect(await numericUser(written, files)).toEqual({ uid, gid });
});

test("a container without account files has numbers only", async () => {
  const none = { passwd: async () => null, group: async () => null };
  expect(await numericUser("1000", none)).toEqual({ uid: 1000, gid: 0 });
});
