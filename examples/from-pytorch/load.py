import json
import torch


def load(path):
    """The tensors of a safetensors file, F32, BF16 and U8."""
    dtypes = {'F32': torch.float32, 'BF16': torch.bfloat16, 'U8': torch.uint8}
    with open(path, 'rb') as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), 'little')))
        data = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        if name == '__metadata__':
            continue
        begin, end = entry['data_offsets']
        raw = torch.frombuffer(data, dtype=torch.uint8, offset=begin, count=end - begin)
        tensors[name] = raw.clone().view(dtypes[entry['dtype']]).reshape(entry['shape'])
    return tensors
