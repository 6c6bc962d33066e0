package sample

import (
	"context"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// songsPerFolder keeps folders of a size that people and file systems like.
const songsPerFolder = 64

// writeSongs writes songs[from:to] under root and returns the number of files.
func (w *writer) writeSongs(ctx context.Context, root string, from, to int) (int, error) {
	if err := w.makeFolder(root); err != nil || from == to {
		return 0, err
	}
	n := to - from
	folders := min(max((n+songsPerFolder-1)/songsPerFolder, 1), 26*26*26)
	files := make([]int, folders) // each written by one goroutine
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(w.workers)
	for folder := range folders {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			first, last := from+folder*n/folders, from+(folder+1)*n/folders
			var err error
			files[folder], err = w.writeSongFolder(root, folder, first, last)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	total := 0
	for _, count := range files {
		total += count
	}
	return total, nil
}

// writeSongFolder writes the songs of one folder A/B/C, most of them one to a file.
func (w *writer) writeSongFolder(root string, folder, from, to int) (files int, err error) {
	letters := []byte{byte('A' + folder/676), byte('A' + folder/26%26), byte('A' + folder%26)}
	dir := filepath.Join(root, string(letters[:1]), string(letters[1:2]), string(letters[2:]))
	if err := w.makeFolder(dir); err != nil {
		return 0, err
	}
	var b []byte
	for i := from; i < to; files++ {
		first := i
		r := newRandom(w.options.Seed, streamSongFile, uint64(i), 0)
		track := []byte(identifier(w.options.Seed, "TR", &r, i, idTrack))
		copy(track[2:], letters)
		how := spelling{ascii: true, pretty: i%19 == 0}
		b = w.catalogue.appendSong(b[:0], i, how)
		i++
		if first%23 == 9 { // several objects, with a line between them or nothing
			for range 1 + r.below(3) {
				if i == to {
					break
				}
				if how.pretty = first%2 == 0; how.pretty {
					b = append(b, '\n')
				}
				b = w.catalogue.appendSong(b, i, how)
				i++
			}
		}
		if err := w.writeFile(filepath.Join(dir, string(track)+".json"), b); err != nil {
			return 0, err
		}
	}
	return files, nil
}

func (c *catalogue) appendSong(b []byte, i int, how spelling) []byte {
	s := &c.songs[i]
	a := &c.artists[s.artist]
	o := beginObject(b, how)
	o.text("artist_id", a.id)
	if a.located {
		o.decimal("artist_latitude", a.latitude)
	} else {
		o.null("artist_latitude")
	}
	o.raw("artist_location", a.location)
	if a.located {
		o.decimal("artist_longitude", a.longitude)
	} else {
		o.null("artist_longitude")
	}
	if a.numeric {
		o.raw("artist_name", s.name)
	} else {
		o.text("artist_name", s.name)
	}
	o.decimal("duration", s.duration)
	o.integer("num_songs", 1)
	o.text("song_id", s.id)
	o.text("title", s.title)
	o.integer("year", int64(s.year))
	return o.end()
}
