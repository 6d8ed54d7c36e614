import test from 'ava';
import { loadNative } from '../../src/engine/native.js';

/** Tests of what only native code can do wrong; skipped where no binary loads. */
export const nativeTest = loadNative() === undefined ? test.serial.skip : test.serial;
