package cli

import (
	"io"
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// bar is the progress of a command on a terminal; elsewhere it shows nothing.
type bar struct {
	p *mpb.Progress
	b *mpb.Bar
}

func newBar(w io.Writer, total int64) *bar {
	if !isTerminal(w) {
		return &bar{}
	}
	p := mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
	b := p.New(total, mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]"),
		mpb.PrependDecorators(decor.Name("sending "), decor.CountersNoUnit("%d of %d ")),
		mpb.AppendDecorators(decor.Percentage(), decor.Name(" "), decor.AverageETA(decor.ET_STYLE_GO)))
	return &bar{p: p, b: b}
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

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
