type Entry = string | number | readonly Entry[] | { readonly [name: string]: Entry };

const METADATA = '\xab\xcd\xefMaxMind.com';
const RECORD = 24;

/**
 * An MMDB file (https://maxmind.github.io/MaxMind-DB/) of IPv4 networks, with records of 24 bits.
 * @param networks by their first address and length: 8.0.0.0/8; none within another
 */
export function mmdbOf(networks: Readonly<Record<string, Entry>>): Buffer {
  const nodes: [left: number | null, right: number | null][] = [[null, null]];
  const leaves: { node: number; side: 0 | 1; offset: number }[] = [];
  const data: Buffer[] = [];
  let size = 0;
  for (const [network, entry] of Object.entries(networks)) {
    const [address = '', length = '0'] = network.split('/');
    const bits = address
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
    let node = 0;
    for (let i = 0; i < Number(length); i++) {
      const side = Number(bits[i]) as 0 | 1;
      if (i === Number(length) - 1) leaves.push({ node, side, offset: size });
      else {
        const next = nodes[node]?.[side] ?? nodes.push([null, null]) - 1;
        (nodes[node] as [number | null, number | null])[side] = next;
        node = next;
      }
    }
    const encoded = encode(entry);
    data.push(encoded);
    size += encoded.length;
  }
  const tree = Buffer.alloc((nodes.length * 2 * RECORD) / 8);
  for (const [i, node] of nodes.entries())
    for (const side of [0, 1] as const) {
      const leaf = leaves.find((one) => one.node === i && one.side === side);
      const value = leaf ? nodes.length + 16 + leaf.offset : (node[side] ?? nodes.length);
      tree.writeUIntBE(value, i * 6 + side * 3, 3);
    }
  const metadata = encode({
    ...{ node_count: nodes.length, record_size: RECORD, ip_version: 4, database_type: 'Test-City' },
    ...{ binary_format_major_version: 2, binary_format_minor_version: 0, build_epoch: 1_700_000_000 },
    ...{ languages: ['en'], description: { en: 'a test' } },
  });
  return Buffer.concat([tree, Buffer.alloc(16), ...data, Buffer.from(METADATA, 'latin1'), metadata]);
}

/** Control byte and payload; sizes below 285. */
function encode(entry: Entry): Buffer {
  if (typeof entry === 'string')
    return Buffer.concat([control(2, Buffer.byteLength(entry)), Buffer.from(entry)]);
  if (typeof entry === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(entry);
    return Buffer.concat([control(6, 4), bytes]);
  }
  if (Array.isArray(entry)) return Buffer.concat([control(11, entry.length), ...entry.map(encode)]);
  const members = Object.entries(entry);
  return Buffer.concat([control(7, members.length), ...members.flatMap(([k, v]) => [encode(k), encode(v)])]);
}

function control(type: number, size: number): Buffer {
  const length = size < 29 ? [size, []] : [29, [size - 29]];
  const [first, rest] = length as [number, number[]];
  return Buffer.from(type < 8 ? [(type << 5) | first, ...rest] : [first, type - 7, ...rest]);
}
