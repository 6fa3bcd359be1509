import { appendFile, mkdir, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const COLUMNS = {
  reading_id: 'int64',
  measured_at: 'timestamp',
  country: 'string',
  city: 'string',
  sector: 'string',
  emissions_tonnes: 'double',
  co2_ppm: 'double',
  temperature_c: 'double',
  sensor_id: 'string',
};

/** The dataset of the readings, as its file describes it. */
export const DATASET_FILE = `name: co2_live
key: sensor_id
time: measured_at
columns:
${Object.entries(COLUMNS)
  .map(([name, type]) => `  - { name: ${name}, type: ${type}, required: ${name === 'measured_at'} }`)
  .join('\n')}
live: { by: [sector, city], values: [emissions_tonnes, co2_ppm, temperature_c] }
`;

/** A reading as a test writes it; null is an empty field. */
export interface Reading {
  readonly at: number;
  readonly city?: string | null;
  readonly sector?: string | null;
  readonly emissions?: number | null;
  readonly ppm?: number | null;
  readonly temperature?: number | null;
}

/** A CSV file with its position beside it, as the export writes them. */
export class LiveFile {
  readonly path: string;
  /** Rows written so far, in all files: the next offset of the log. */
  written = 0;
  #rotated = 0;

  constructor(home: string) {
    this.path = join(home, 'data', 'co2_live.csv');
  }

  /** Begins a new file, with its header alone. */
  async begin(): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true });
    await writeFile(this.path, `${[...Object.keys(COLUMNS), 'log_partition', 'log_offset'].join(',')}\n`);
    await this.sayAll();
  }

  /** Appends rows, and says that they are valid. */
  async append(readings: readonly Reading[]): Promise<void> {
    await appendFile(this.path, readings.map((reading) => this.#line(reading)).join(''));
    await this.sayAll();
  }

  /** Appends text that is not valid yet. */
  async appendTorn(text: string): Promise<void> {
    await appendFile(this.path, text);
  }

  /** All that is in the file. */
  text(): Promise<string> {
    return readFile(this.path, 'utf8');
  }

  async sayAll(): Promise<void> {
    await this.say((await stat(this.path)).size);
  }

  async say(bytes: number): Promise<void> {
    const position = {
      bytes,
      log: 'a-log',
      next: { 'events/0': String(this.written) },
      rows: this.written,
      rejected: 0,
    };
    await writeFile(`${this.path}.position.new`, JSON.stringify(position));
    await rename(`${this.path}.position.new`, `${this.path}.position.json`);
  }

  /** Renames the file to `.1`, that to `.2`, and so on, and begins a new one. */
  async rotate(): Promise<void> {
    for (let number = this.#rotated; number > 0; number--)
      await rename(`${this.path}.${number}`, `${this.path}.${number + 1}`);
    await rename(this.path, `${this.path}.1`);
    this.#rotated += 1;
    await this.begin();
  }

  /** Cuts the file back to so many bytes. */
  async cutBack(bytes: number): Promise<void> {
    await truncate(this.path, bytes);
    await this.say(bytes);
  }

  #line({
    at,
    city = 'Oslo',
    sector = 'energy',
    emissions = 1.5,
    ppm = 420,
    temperature = 10,
  }: Reading): string {
    const offset = this.written;
    this.written += 1;
    const fields = [
      offset + 1,
      new Date(at).toISOString(),
      'Norway',
      city,
      sector,
      emissions,
      ppm,
      temperature,
      `s-${offset % 7}`,
      0,
      offset,
    ];
    return `${fields.map(field).join(',')}\n`;
  }
}

function field(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  return /[",\n]/.test(text) || value === '' ? `"${text.replaceAll('"', '""')}"` : text;
}
