package cli

import "strings"

// nearest is the name that somebody meant who wrote word, or empty if none is like
// it: the one of which word is the beginning or the end, else the one with the fewest
// letters to change, at most half of word's.
func nearest(word string, names []string) string {
	best, least := "", len(word)/2+1
	for _, name := range names {
		d := distances(word, name)[len(name)]
		if len(word) > 1 && (strings.HasPrefix(name, word) || strings.HasPrefix(word, name)) {
			d = 0
		}
		if d < least {
			best, least = name, d
		}
	}
	return best
}

// distances are, for each beginning of name by its length, how many letters are to be
// changed, added, left out or swapped with their neighbour to make it of word.
func distances(word, name string) []int {
	var before, last []int
	row := make([]int, len(name)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(word) {
		before, last, row = last, row, make([]int, len(name)+1)
		row[0] = i + 1
		for j := range len(name) {
			change := last[j]
			if word[i] != name[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && word[i] == name[j-1] && word[i-1] == name[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row
}
