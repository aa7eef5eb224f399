package cognito

import (
	"sync"
	"time"

	"relock/internal/sandbox/wire"
)

// mail counts what the account sends against the limits of its channels.
type mail struct {
	mu sync.Mutex
	// email counts COGNITO_DEFAULT e-mail of the day that began at emailDay, SES
	// that of the last 24 hours' day and of the second, SMS that of the month.
	email, ses, sesSecond, sms period
}

// period counts within the current period of a calendar.
type period struct {
	id int64
	n  int
}

// room reports whether limit leaves room in the period with this ID; 0 is no
// limit.
func (p *period) room(id int64, limit int) bool {
	if p.id != id {
		p.id, p.n = id, 0
	}
	return limit == 0 || p.n < limit
}

// mailDay numbers the days of Cognito's own e-mail, which begin at 09:00 UTC
// (Cognito developer guide, quotas).
func mailDay(now time.Time) int64 {
	return floorDiv(now.Unix()-9*3600, 86400)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func (m *mail) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.email, m.ses, m.sesSecond, m.sms = period{}, period{}, period{}, period{}
}

// medium is how a code travels.
type medium string

const (
	email medium = "EMAIL"
	sms   medium = "SMS"
)

// send counts one message. It reports whether the message went out, and the
// error that AWS would answer instead.
func (m *mail) send(by medium, developer bool, now time.Time, s *Switches) (sent bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case by == sms:
		utc := now.UTC()
		if !m.sms.room(int64(utc.Year()*12)+int64(utc.Month()), s.SMSPerMonth) {
			return false, overLimit(s, "SMS spending limit")
		}
		m.sms.n++
	case developer:
		// SES counts a sliding day; a day by the calendar is near enough here.
		day := m.ses.room(floorDiv(now.Unix(), 86400), s.SESPerDay)
		second := m.sesSecond.room(now.Unix(), s.SESPerSecond)
		if !day || !second {
			return false, overLimit(s, "SES sending quota")
		}
		m.ses.n++
		m.sesSecond.n++
	default:
		if !m.email.room(mailDay(now), s.EmailPerDay) {
			if s.EmailCapSilent {
				return false, nil
			}
			return false, wire.Errorf("LimitExceededException", "%s", textEmailCap)
		}
		m.email.n++
	}
	return true, nil
}

func overLimit(s *Switches, what string) error {
	if s.SendFailureSilent {
		return nil
	}
	return wire.Errorf("CodeDeliveryFailureException", "Exceeded %s.", what)
}

// MailUsage is what the account has sent in the running periods.
type MailUsage struct {
	// Email is COGNITO_DEFAULT e-mail since EmailDay, a 09:00 UTC.
	Email    int       `json:"email"`
	EmailDay time.Time `json:"email_day"`
	SES      int       `json:"ses"`
	SMS      int       `json:"sms"`
}

// Mail is what the account has sent.
func (c *Cognito) Mail() MailUsage {
	m := &c.mail
	m.mu.Lock()
	defer m.mu.Unlock()
	return MailUsage{
		Email: m.email.n, EmailDay: time.Unix(m.email.id*86400+9*3600, 0).UTC(), SES: m.ses.n, SMS: m.sms.n,
	}
}
