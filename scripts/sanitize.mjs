// The C++ tests under AddressSanitizer with UBSan, and under ThreadSanitizer.
import { Count, sanitizedTests } from './native-tests.mjs';

const count = new Count();
sanitizedTests(count, ['address', 'thread']);
count.finish();
