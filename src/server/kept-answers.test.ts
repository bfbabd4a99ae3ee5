import { expect, test } from "vitest";
import { KeptAnswers } from "./kept-answers.ts";

function answersOf(kept: KeptAnswers): (basis: Parameters<KeptAnswers["get"]>[0], text: string) => string {
  return (basis, text) => kept.get(basis, () => Buffer.from(text)).toString();
}

test("an answer is given again while the objects, the second and the question are the same", () => {
  const answer = answersOf(new KeptAnswers(10_000));
  const [state, other] = [[], []];
  expect(answer({ state, second: 1, question: "a" }, "first")).toBe("first");
  expect(answer({ state, second: 1, question: "a" }, "again")).toBe("first");
  expect(answer({ state, second: 1, question: "b" }, "another question")).toBe("another question");
  expect(answer({ state: other, second: 1, question: "a" }, "other objects")).toBe("other objects");
  expect(answer({ state, second: 1, question: "a" }, "again")).toBe("first");
  expect(answer({ state, second: 2, question: "a" }, "later")).toBe("later");
  expect(answer({ state, second: 1, question: "a" }, "a clock set back")).toBe("a clock set back");
});

test("what there is no room for is made anew, and what is kept stays", () => {
  const kept = new KeptAnswers(10_000);
  const answer = answersOf(kept);
  const state = {};
  const long = "x".repeat(6000);
  expect(answer({ state, second: 1, question: "a" }, long)).toBe(long);
  expect(answer({ state, second: 1, question: "b" }, long)).toBe(long);
  expect(answer({ state, second: 1, question: "b" }, "anew")).toBe("anew");
  expect(answer({ state, second: 1, question: "a" }, "anew")).toBe(long);
});

test("many short answers have a bound as well", () => {
  const kept = new KeptAnswers(10_000);
  const state = {};
  let made = 0;
  for (const _ of [1, 2]) {
    for (let index = 0; index < 100; index += 1) {
      kept.get({ state, second: 1, question: String(index) }, () => {
        made += 1;
        return Buffer.from("");
      });
    }
  }
  expect(made).toBeGreaterThan(150);
});
