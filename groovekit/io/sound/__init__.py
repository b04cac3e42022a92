"""Sound: note sequences played by a kit of our own or a SoundFont; WAV files."""
