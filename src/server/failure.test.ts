import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as errors from "../util/errors.ts";
import { statusOfError } from "./failure.ts";

type ErrorClass = new (details: errors.ErrorDetails) => errors.Ds01Error;

function isErrorClass(value: unknown): value is ErrorClass {
  return (
    value === errors.Ds01Error || (typeof value === "function" && value.prototype instanceof errors.Ds01Error)
  );
}

/** Every class of error that may say what to do, those that are added later included. */
const classes = (Object.values(errors) as readonly unknown[]).filter(isErrorClass);
const told = classes.filter((Class) => !statusOfError(new Class({ reason: "Any", message: "x" })).unexpected);

function textOf(Class: ErrorClass, message: string, remedy?: string): string {
  const details = { reason: "Any", message, ...(remedy === undefined ? {} : { remedy }) };
  return statusOfError(new Class(details)).status.message ?? "";
}

test("what is told of are the errors that callers can do something about", () => {
  expect(told.map(({ name }) => name).toSorted()).toEqual([
    "ConflictError",
    "DeniedError",
    "InvalidError",
    "NotFoundError",
    "UnreachableError",
  ]);
});

describe.each(told.map((Class) => [Class.name, Class] as const))("%s", (_, Class) => {
  test.each([
    ["the disk is full", "make room", "the disk is full; make room"],
    ["the disk is full", "Make room, then try again.", "the disk is full. Make room, then try again."],
    ["The disk is full.", "Make room.", "The disk is full. Make room."],
    ["is it full?", "make room", "is it full? make room"],
    ['found "a."', "name another", 'found "a."; name another'],
    ["two things:\n- a\n- b", "choose one", "two things:\n- a\n- b\nchoose one"],
    ["the disk is full ", " make room", "the disk is full; make room"],
  ])("%j and %j are told apart", (message, remedy, text) => {
    expect(textOf(Class, message, remedy)).toBe(text);
  });

  test("a message without a remedy stays as it is", () => {
    expect(textOf(Class, "the disk is full")).toBe("the disk is full");
  });

  test("a mark parts any message from any remedy", () => {
    const text = fc.string({ minLength: 1 }).filter((one) => one.trim() === one && one !== "");
    fc.assert(
      fc.property(text, text, (message, remedy) => {
        const joined = textOf(Class, message, remedy);
        expect(joined.startsWith(message) && joined.endsWith(remedy)).toBe(true);
        expect(joined.slice(0, -remedy.length)).toMatch(/[.!?:;,] $/);
      }),
    );
  });
});
