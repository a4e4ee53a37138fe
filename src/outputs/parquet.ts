/** ok rows as parquet, by hyparquet-writer: typed columns, snappy, one row group at a time in memory. */
import { ByteWriter, ParquetWriter, type SchemaElement, schemaFromColumnData } from 'hyparquet-writer';
import { exactJson } from '../core/exact-json.js';
import { knownUsd } from '../core/money/price.js';
import type { OutputRow } from '../store/port/store.js';
import type { TableRow } from './row-fields.js';
import { outputCell } from './row-lines.js';
import type { Sink } from './sink.js';
import type { Pages } from './text-formats.js';

type Cell = string | number | null;

interface Column {
  name: keyof TableRow;
  type: 'STRING' | 'INT32' | 'DOUBLE';
  nullable: boolean;
  value: (row: OutputRow) => Cell;
}

function column(name: Column['name'], type: Column['type'], value: Column['value'], nullable = false): Column {
  return { name, type, nullable, value };
}

/** The names of CSV_COLUMNS. The seed is JSON text; cost_usd is the double nearest to the exact cost. */
const COLUMNS: readonly Column[] = [
  column('id', 'STRING', (row) => row.id),
  column('index', 'INT32', (row) => row.index),
  column('seed', 'STRING', (row) => exactJson(row.seed)),
  column('output', 'STRING', (row) => outputCell(row) ?? ''),
  column('model', 'STRING', (row) => row.model, true),
  column('finish', 'STRING', (row) => row.finish, true),
  column('turns', 'INT32', (row) => row.turns),
  column('usage_input', 'INT32', (row) => row.usage.input),
  column('usage_cached', 'INT32', (row) => row.usage.cached),
  column('usage_output', 'INT32', (row) => row.usage.output),
  column('usage_reasoning', 'INT32', (row) => row.usage.reasoning),
  column('cost_usd', 'DOUBLE', (row) => knownUsd(row.costNano), true),
];

/** A row group ends at the first of these. */
const GROUP_ROWS = 10_000;
const GROUP_CHARS = 16 * 1024 * 1024;

/** Hands the bytes of each row group on instead of keeping them. */
class SinkWriter extends ByteWriter {
  constructor(private readonly sink: Sink) {
    super(1024 * 1024);
  }

  async flush(): Promise<void> {
    const bytes = this.getBytes().slice();
    this.index = 0;
    if (bytes.length > 0) await this.sink.write(bytes);
  }

  override async finish(): Promise<void> {
    await this.flush();
  }
}

function schema(): SchemaElement[] {
  return schemaFromColumnData({ columnData: COLUMNS.map(({ name, type, nullable }) => ({ name, type, nullable, data: [] })) });
}

/** Returns how many rows it wrote. */
export async function writeParquet(pages: Pages, sink: Sink): Promise<number> {
  const writer = new ParquetWriter({ writer: new SinkWriter(sink), schema: schema(), createdBy: 'durable-swarm' });
  let cells: Cell[][] = COLUMNS.map(() => []);
  let chars = 0;
  let inGroup = 0;
  let rows = 0;
  const endGroup = async () => {
    const columnData = COLUMNS.map(({ name }, position) => ({ name, data: cells[position] ?? [] }));
    await writer.write({ columnData, rowGroupSize: inGroup });
    cells = COLUMNS.map(() => []);
    rows += inGroup;
    chars = 0;
    inGroup = 0;
  };
  for await (const page of pages) {
    for (const row of page) {
      COLUMNS.forEach(({ value }, position) => {
        const cell = value(row);
        cells[position]?.push(cell);
        if (typeof cell === 'string') chars += cell.length;
      });
      inGroup += 1;
      if (inGroup >= GROUP_ROWS || chars >= GROUP_CHARS) await endGroup();
    }
  }
  if (inGroup > 0) await endGroup();
  await writer.finish();
  return rows;
}
