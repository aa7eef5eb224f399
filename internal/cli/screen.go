package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"relock/internal/number"

	"golang.org/x/term"
)

// screen is a terminal with a block of lines at its end that is drawn over; what
// is written to it, such as the log, goes above the block. Its methods may be
// called concurrently.
type screen struct {
	w io.Writer

	mu    sync.Mutex
	block string
}

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := io.WriteString(s.w, s.erase()); err != nil {
		return 0, err
	}
	n, err := s.w.Write(p)
	say(s.w, "%s", s.block)
	return n, err
}

// draw replaces the block.
func (s *screen) draw(block string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	say(s.w, "%s%s", s.erase(), block)
	s.block = block
}

// erase goes back to where the block begins. A terminal that was made narrower
// has broken its lines.
func (s *screen) erase() string {
	rows := 0
	for line := range strings.Lines(s.block) {
		rows += 1 + max(0, len([]rune(strings.TrimSuffix(line, "\n")))-1)/(width(s.w)+1)
	}
	if rows == 0 {
		return ""
	}
	return fmt.Sprintf("\x1b[%dA\x1b[J", rows)
}

// newScreen returns the streams to log to, and the screen if standard error is a
// terminal that can be drawn on.
func newScreen(s Streams) (Streams, *screen) {
	if !canDraw(s.Err) {
		return s, nil
	}
	sc := &screen{w: s.Err}
	return Streams{In: s.In, Out: s.Out, Err: sc}, sc
}

// width is how wide the terminal is, less one so that nothing wraps.
func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 1 {
			return n - 1
		}
	}
	return 79
}

// textWidth is how wide text may be that is wrapped between words: on a terminal
// as wide as that, and elsewhere as wide as it likes, so that a line stays one.
func textWidth(w io.Writer) int {
	if canDraw(w) {
		return width(w)
	}
	return 1 << 20
}

// sayWrapped writes a text wrapped to the terminal, to helpWidth at most, each line
// behind the indent.
func sayWrapped(w io.Writer, indent, format string, args ...any) {
	for _, line := range wrap(number.Text(format, args...), min(textWidth(w), helpWidth)-len(indent)) {
		say(w, "%s%s\n", indent, line)
	}
}

// wrap breaks a text between words into lines of at most width runes, one at
// least. A longer word stays whole.
func wrap(text string, width int) []string {
	if len([]rune(text)) <= width {
		return []string{text}
	}
	lines := []string{""}
	for word := range strings.FieldsSeq(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case len([]rune(*last))+1+len([]rune(word)) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}
