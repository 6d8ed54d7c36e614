/** What `@tensorflow/tfjs-node` throws where its binary is not there: an Error without a code. */
export function missingBinary(): never {
  throw new Error(
    'The Node.js native addon module (tfjs_binding.node) can not be found at path: ' +
      '/app/node_modules/@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node. \n' +
      "Please run command 'npm rebuild @tensorflow/tfjs-node --build-addon-from-source' to rebuild the " +
      'native addon module. \nIf you have problem with building the addon module, please report it.',
  );
}

/** What Node.js throws for a package that is not there. */
export function notInstalled(name: string): never {
  const error = new Error(`Cannot find package '${name}' imported from /app/index.js`);
  throw Object.assign(error, { code: 'ERR_MODULE_NOT_FOUND' });
}

/** A native build beside a working one: the same surface, its backend under another name. */
export function nativeBuild<T extends object>(tf: T, operation?: () => never) {
  let backend = '';
  return {
    ...tf,
    setBackend: async (name: string) => {
      backend = name;
      return name === 'tensorflow';
    },
    getBackend: () => backend,
    ...(operation && { matMul: operation }),
  };
}
