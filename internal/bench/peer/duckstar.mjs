// The star by DuckDB, from the objects to a database file. usage: node duckstar.mjs DATA_DIR DB_FILE [THREADS], in a folder whose
// node_modules holds @duckdb/node-api. Prints the rows of each table as JSON.
import { createRequire } from 'node:module';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const require = createRequire(process.cwd() + '/');
const { DuckDBInstance } = require('@duckdb/node-api');
const [dir, file, threads = '2'] = process.argv.slice(2);
for (const old of [file, file + '.wal']) rmSync(old, { force: true });
const instance = await DuckDBInstance.create(file, { threads });
const db = await instance.connect();
const quoted = (text) => "'" + text.replaceAll("'", "''") + "'";

// read_json holds 32 MB for every file of a statement, so that a hundred thousand at once do not fit in memory: it gets some thousand at a time.
const batches = [[]];
const perBatch = 4000;
const walk = (folder) => {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) walk(path);
    else if (entry.name.endsWith('.json')) {
      if (batches.at(-1).length >= perBatch) batches.push([]);
      batches.at(-1).push(path);
    }
  }
};
walk(join(dir, 'song_data'));
const songColumns = `{artist_id: 'VARCHAR', artist_latitude: 'DOUBLE', artist_location: 'VARCHAR', artist_longitude: 'DOUBLE', artist_name: 'VARCHAR',
  duration: 'DOUBLE', num_songs: 'INTEGER', song_id: 'VARCHAR', title: 'VARCHAR', year: 'INTEGER'}`;
await db.run(`create table s_song (artist_id varchar, artist_latitude double, artist_location varchar, artist_longitude double, artist_name varchar,
  duration double, num_songs integer, song_id varchar, title varchar, year integer)`);
for (const batch of batches) {
  if (batch.length > 0) await db.run(`insert into s_song select * from read_json([${batch.map(quoted).join(',')}], format = 'unstructured', columns = ${songColumns})`);
}

await db.run(`create table s_songplay_event as select *, false as processed from read_json(${quoted(join(dir, 'log_data', '**', '*.json'))}, format = 'newline_delimited',
  columns = {artist: 'VARCHAR', auth: 'VARCHAR', firstName: 'VARCHAR', gender: 'VARCHAR', itemInSession: 'INTEGER', lastName: 'VARCHAR', length: 'DOUBLE', level: 'VARCHAR',
  location: 'VARCHAR', method: 'VARCHAR', page: 'VARCHAR', registration: 'DOUBLE', sessionId: 'INTEGER', song: 'VARCHAR', status: 'SMALLINT', ts: 'BIGINT',
  userAgent: 'VARCHAR', userId: 'VARCHAR'})`);

await db.run(`create table d_artist as select distinct on (artist_id) artist_id, artist_name as name, artist_location as location, artist_latitude as latitude,
  artist_longitude as longitude from s_song where artist_id <> '' order by artist_id, artist_name`);
await db.run(`create table d_song as select distinct on (song_id) song_id, title, artist_id, year, duration from s_song where song_id <> '' order by song_id, title`);
await db.run(`create table d_time as select t as start_time, hour(t) as hour, day(t) as day, week(t) as week, month(t) as month, year(t) as year, isodow(t) - 1 as weekday
  from (select distinct make_timestamp(ts // 3600000 * 3600000000) as t from s_songplay_event where page = 'NextSong' and userId <> '')`);
await db.run(`create table d_user as select userId as user_id, arg_max(firstName, ts * 10000 + itemInSession) as first_name,
  arg_max(lastName, ts * 10000 + itemInSession) as last_name, arg_max(gender, ts * 10000 + itemInSession) as gender, arg_max(level, ts * 10000 + itemInSession) as level
  from s_songplay_event where page = 'NextSong' and userId <> '' group by 1`);
await db.run(`create table f_songplay as
  select sha256(event.userId || '|' || event.sessionId || '|' || event.itemInSession || '|' || event.ts) as songplay_id,
    make_timestamp(event.ts // 3600000 * 3600000000) as start_time, make_timestamp(event.ts * 1000) as played_at, event.userId as user_id,
    coalesce(song.artist_id, artist.artist_id) as artist_id, song.song_id, event.level, event.sessionId as session_id, event.location, event.userAgent as user_agent
  from s_songplay_event as event
  left join (select artist_name as name, min(artist_id) as artist_id from s_song where artist_id <> '' group by 1) as artist on artist.name = event.artist
  left join (select title, artist_name as name, min(song_id) as song_id, arg_min(artist_id, song_id) as artist_id from s_song
    where song_id <> '' and artist_id <> '' group by all) as song on song.title = event.song and song.name = event.artist
  where event.page = 'NextSong' and event.userId <> ''`);
await db.run('checkpoint');

const counts = {};
for (const table of ['s_song', 's_songplay_event', 'd_artist', 'd_song', 'd_time', 'd_user', 'f_songplay']) {
  const reader = await db.runAndReadAll(`select count(*) from ${table}`);
  counts[table] = Number(reader.getRows()[0][0]);
}
console.log(JSON.stringify(counts));
db.closeSync();
instance.closeSync();
