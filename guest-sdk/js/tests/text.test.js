import assert from "node:assert/strict";
import { test } from "node:test";

import { compareTexts, decodeText, encodeText, encodeTexts, isAscii, latin1 } from "../dist/text.js";
import { forSeeds } from "./naive.js";

const PARTS = ["", "a", "abc", "é", "ß", "€", "日本", "😀", "\u0000", "\ud800", "\udc00", "\ufeff", "\uffff", "\ue000", "x".repeat(9000)];

function texts(random) {
  const isAscii = random.bool();
  const part = () => (isAscii ? random.of(["", "a", "xyz", "\u007f", "x".repeat(9000)]) : random.of(PARTS));
  return random.array(random.below(8), () => random.array(random.below(4), part).join(""));
}

function laws() {
  forSeeds(200, (random) => {
    const all = texts(random), joined = all.join("|");
    const wanted = new TextEncoder().encode(joined);
    assert.deepEqual(encodeText(joined), wanted);
    assert.equal(decodeText(wanted), new TextDecoder("utf-8", { ignoreBOM: true }).decode(wanted));
    if (!all.every((text) => text.isWellFormed())) {
      // A column keeps texts apart that differ.
      assert.throws(() => encodeTexts(all), /half of a surrogate pair/);
      return;
    }
    const { bytes, offsets } = encodeTexts(all);
    assert.equal(offsets.length, all.length + 1);
    all.forEach((text, row) => {
      assert.deepEqual([...bytes.subarray(offsets[row], offsets[row + 1])], [...new TextEncoder().encode(text)]);
    });
    assert.equal(bytes.length, offsets[all.length]);
  });
}

test("UTF-8 as TextEncoder and TextDecoder have it, without base64 of bytes", () => {
  assert.equal(typeof Uint8Array.prototype.toBase64, process.versions.node < "25" ? "undefined" : "function");
  laws();
});

test("and with it, as in QuickJS", () => {
  const before = [Uint8Array.prototype.toBase64, Uint8Array.fromBase64];
  Uint8Array.prototype.toBase64 = function () {
    return Buffer.from(this).toString("base64");
  };
  Uint8Array.fromBase64 = (text) => new Uint8Array(Buffer.from(text, "base64"));
  try {
    laws();
    assert.equal(latin1(Uint8Array.of(0, 128, 255)), "\u0000\u0080\u00ff");
  } finally {
    [Uint8Array.prototype.toBase64, Uint8Array.fromBase64] = before;
    if (before[0] === undefined) {
      delete Uint8Array.prototype.toBase64;
      delete Uint8Array.fromBase64;
    }
  }
});

test("texts compare as their bytes", () => {
  forSeeds(300, (random) => {
    const [left, right] = [0, 1].map(() => random.array(random.below(3), () => random.of(PARTS)).join("").toWellFormed());
    assert.equal(Math.sign(compareTexts(left, right)), Buffer.compare(Buffer.from(left), Buffer.from(right)));
  });
});

test("a byte from 128 on is found wherever it is", () => {
  for (let size = 0; size < 40; size++) {
    for (let from = 0; from < 4; from++) {
      const bytes = new Uint8Array(new Uint8Array(size + from).buffer, from).fill(127);
      assert.ok(isAscii(bytes));
      for (let at = 0; at < size; at++) {
        bytes[at] = 128;
        assert.ok(!isAscii(bytes), `${at} of ${size}`);
        bytes[at] = 127;
      }
    }
  }
});
