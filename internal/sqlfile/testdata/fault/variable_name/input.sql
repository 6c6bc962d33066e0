SELECT :'song-data';
