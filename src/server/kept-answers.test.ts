import { expect, test } from "vitest";
import { KeptAnswers } from "./kept-answers.ts";

function answersOf(kept: KeptAnswers): (basis: Parameters<KeptAnswers["get"]>[0], text: string) => string {
  return (basis, text) => kept.get(basis, () => Buffer.from(text)).toString();
}

test("an answer is given again while the objects, the second and the question are the same", () => {
  const answer = answersOf(new KeptAnswers(10_000));
  const of = {};
  const [state, other] = [[], []];
  expect(answer({ of, state, second: 1, question: "a" }, "first")).toBe("first");
  expect(answer({ of, state, second: 1, question: "a" }, "again")).toBe("first");
  expect(answer({ of, state, second: 1, question: "b" }, "another question")).toBe("another question");
  expect(answer({ of, state, second: 1, question: "a" }, "again")).toBe("first");
  expect(answer({ of, state, second: 2, question: "a" }, "later")).toBe("later");
  expect(answer({ of, state, second: 1, question: "a" }, "a clock set back")).toBe("a clock set back");
  expect(answer({ of, state: other, second: 1, question: "a" }, "other objects")).toBe("other objects");
});

test("what there is no room for is made anew, and what is kept stays", () => {
  const kept = new KeptAnswers(10_000);
  const answer = answersOf(kept);
  const [of, state] = [{}, {}];
  const long = "x".repeat(6000);
  expect(answer({ of, state, second: 1, question: "a" }, long)).toBe(long);
  expect(answer({ of, state, second: 1, question: "b" }, long)).toBe(long);
  expect(answer({ of, state, second: 1, question: "b" }, "anew")).toBe("anew");
  expect(answer({ of, state, second: 1, question: "a" }, "anew")).toBe(long);
});

test("many short answers have a bound as well", () => {
  const kept = new KeptAnswers(10_000);
  const [of, state] = [{}, {}];
  let made = 0;
  for (const _ of [1, 2]) {
    for (let index = 0; index < 100; index += 1) {
      kept.get({ of, state, second: 1, question: String(index) }, () => {
        made += 1;
        return Buffer.from("");
      });
    }
  }
  expect(made).toBeGreaterThan(150);
});

test("of one cache only the newest state is kept, whoever still holds an older one", () => {
  const answer = answersOf(new KeptAnswers(10_000));
  const [of, elsewhere, older, newer] = [{}, {}, [], []];
  expect(answer({ of, state: older, second: 1, question: "a" }, "older")).toBe("older");
  expect(answer({ of: elsewhere, state: older, second: 1, question: "a" }, "elsewhere")).toBe("elsewhere");
  expect(answer({ of, state: newer, second: 1, question: "a" }, "newer")).toBe("newer");
  expect(answer({ of, state: older, second: 1, question: "a" }, "made anew")).toBe("made anew");
  expect(answer({ of: elsewhere, state: older, second: 1, question: "a" }, "again")).toBe("elsewhere");
});
