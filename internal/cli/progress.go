package cli

import (
	"io"
	"os"

	"relock/internal/number"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// bar is the progress of a command on a terminal; elsewhere it shows nothing.
// What is written to it, such as the log, goes above the bar.
type bar struct {
	w io.Writer
	p *mpb.Progress
	b *mpb.Bar
}

func newBar(w io.Writer, total int64) *bar {
	if !canDraw(w) {
		return &bar{w: w}
	}
	p := mpb.New(mpb.WithOutput(w), mpb.WithWidth(30))
	b := p.New(total, mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]"),
		mpb.PrependDecorators(decor.Name("sending "), decor.Any(func(s decor.Statistics) string { return number.Text("%d of %d ", s.Current, s.Total) })),
		mpb.AppendDecorators(decor.Percentage(), decor.OnComplete(decor.Name(", "), ""), decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO), "")))
	return &bar{w: w, p: p, b: b}
}

// Write implements io.Writer.
func (b *bar) Write(p []byte) (int, error) {
	if b.p == nil {
		return b.w.Write(p)
	}
	return b.p.Write(p)
}

// add may be called concurrently.
func (b *bar) add(n int) {
	if b.b != nil {
		b.b.IncrBy(n)
	}
}

// end leaves the bar as it stands.
func (b *bar) end() {
	if b.b != nil {
		b.b.Abort(false)
		b.p.Wait()
	}
}

// canDraw reports whether w is a terminal that can be drawn over.
func canDraw(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}
