// Package demo makes the pool of the demo and the list that goes with it: users
// of every kind, and 600 rows that name them by username, alias and sub. Both
// come from one generator and are the same in every run, so that examples/
// holds exactly what the sandbox serves.
package demo

//go:generate go test . -run "README|UsersCSV" -update

import (
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"

	"relock/internal/sandbox/cognito"
)

// PoolID is the demo's user pool.
const PoolID = "eu-west-1_Relock123"

// Kind is what a row of the list is there to show.
type Kind string

// The kinds of rows.
const (
	ByUsername   Kind = "confirmed, by username"
	ByEmail      Kind = "confirmed, by e-mail alias"
	ByPreferred  Kind = "confirmed, by preferred_username alias"
	BySub        Kind = "confirmed, by sub"
	ByPhone      Kind = "confirmed, phone number instead of e-mail"
	WasReset     Kind = "reset before (RESET_REQUIRED)"
	NotThere     Kind = "unknown to the pool"
	Disabled     Kind = "disabled"
	NotConfirmed Kind = "never confirmed"
	ForceChange  Kind = "never signed in (FORCE_CHANGE_PASSWORD)"
	Federated    Kind = "federated (EXTERNAL_PROVIDER)"
	NoContact    Kind = "no verified e-mail address or phone number"
	Duplicate    Kind = "exact duplicate of another row"
)

// Part is how many rows of a kind the list has.
type Part struct {
	Kind Kind
	Rows int
	// Outcome is what becomes of them; "duplicate" never reaches the queue.
	Outcome string
}

// Parts is what the list of 600 rows is made of.
func Parts() []Part {
	return []Part{
		{ByUsername, 424, "reset"},
		{ByEmail, 36, "reset"},
		{ByPreferred, 18, "reset"},
		{BySub, 22, "reset"},
		{ByPhone, 10, "reset"},
		{WasReset, 7, "reset"},
		{NotThere, 18, "user_not_found"},
		{Disabled, 15, "user_disabled"},
		{ForceChange, 9, "not_resettable_state"},
		{Federated, 8, "not_resettable_state"},
		{NotConfirmed, 10, "no_verified_contact"},
		{NoContact, 11, "no_verified_contact"},
		{Duplicate, 12, "duplicate"},
	}
}

// bystanders are users of the pool whom the list does not name: nobody may
// reset them.
const bystanders = 40

// Row is one line of the list.
type Row struct {
	// Name is what the list says.
	Name string
	Kind Kind
}

// Set is the pool's users and the list.
type Set struct {
	Users []cognito.Seed
	Rows  []Row
}

// Generate makes the demo's users and rows.
func Generate() Set {
	g := generator{rand: rand.New(rand.NewPCG(600, 24)), taken: map[string]bool{}}
	var s Set
	duplicates := 0
	for _, part := range Parts() {
		if part.Kind == Duplicate {
			duplicates = part.Rows
			continue
		}
		for range part.Rows {
			row := g.row(part.Kind)
			if row.user != nil {
				s.Users = append(s.Users, *row.user)
			}
			s.Rows = append(s.Rows, Row{row.name, part.Kind})
		}
	}
	for range bystanders {
		s.Users = append(s.Users, g.confirmed())
	}
	g.rand.Shuffle(len(s.Users), func(i, j int) { s.Users[i], s.Users[j] = s.Users[j], s.Users[i] })
	g.rand.Shuffle(len(s.Rows), func(i, j int) { s.Rows[i], s.Rows[j] = s.Rows[j], s.Rows[i] })
	s.Rows = g.duplicate(s.Rows, duplicates)
	return s
}

// generator makes names that nobody has yet.
type generator struct {
	rand    *rand.Rand
	taken   map[string]bool
	serials int
}

type made struct {
	user *cognito.Seed // nil for names that the pool does not know
	name string        // as the list writes it
}

func (g *generator) row(kind Kind) made {
	if kind == NotThere {
		return made{nil, g.name()}
	}
	u := g.confirmed()
	out := made{&u, u.Username}
	switch kind {
	case ByEmail:
		out.name = u.Email
	case ByPreferred:
		// The username of such pools is often an internal number.
		u.PreferredUsername = u.Username
		u.Username = fmt.Sprintf("u%06d", g.serial())
		out.name = u.PreferredUsername
	case BySub:
		u.Sub = g.uuid()
		out.name = u.Sub
	case ByPhone:
		u.EmailVerified = false
		u.PhoneNumber, u.PhoneNumberVerified = fmt.Sprintf("+3519100%05d", g.serial()), true
	case WasReset:
		u.Status = cognito.ResetRequired
	case Disabled:
		u.Enabled = new(false)
	case NotConfirmed:
		u.Status, u.EmailVerified = cognito.Unconfirmed, false
	case ForceChange:
		u.Status = cognito.ForceChangePassword
	case Federated:
		u.Status = cognito.ExternalProvider
		u.Username = fmt.Sprintf("Google_1%020d", g.rand.Int64N(1e18))
		out.name = u.Username
	case NoContact:
		u.EmailVerified = false
	}
	return out
}

func (g *generator) confirmed() cognito.Seed {
	name := g.name()
	return cognito.Seed{Username: name, Email: name + "@example.com", EmailVerified: true}
}

func (g *generator) serial() int {
	g.serials++
	return g.serials
}

var (
	firstNames = strings.Fields("ana bruno carla david elena farid grace hana ivan joana kofi lena marco nadia omar paula quentin rosa samir tara ugo vera wanda xavier yara zoe anton bea celso dina")
	lastNames  = strings.Fields("silva costa okafor novak weber rossi tanaka haddad moreau larsen pereira khan dubois santos kim fischer ivanova mensah garcia lopes nielsen yilmaz popescu kowalski murphy ferreira")
)

// name is a person's username, with a number where two share it.
func (g *generator) name() string {
	base := firstNames[g.rand.IntN(len(firstNames))] + "." + lastNames[g.rand.IntN(len(lastNames))]
	name := base
	for i := 2; g.taken[name]; i++ {
		name = fmt.Sprintf("%s%d", base, i)
	}
	g.taken[name] = true
	return name
}

func (g *generator) uuid() string {
	a, b := g.rand.Uint64(), g.rand.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff)
}

// duplicate repeats n different rows somewhere behind the first.
func (g *generator) duplicate(rows []Row, n int) []Row {
	for _, i := range g.rand.Perm(len(rows))[:n] {
		name := rows[i].Name
		first := 0
		for rows[first].Name != name {
			first++
		}
		at := first + 1 + g.rand.IntN(len(rows)-first)
		rows = append(rows[:at], append([]Row{{name, Duplicate}}, rows[at:]...)...)
	}
	return rows
}

// PoolConfig is the demo's pool: names beside the username, and mail by SES,
// because Cognito's own ends after 50 messages a day.
func PoolConfig() cognito.PoolConfig {
	return cognito.PoolConfig{
		ID: PoolID, Name: "relock-demo", AliasAttributes: []string{"email", "preferred_username"}, EmailSendingAccount: "DEVELOPER", SMS: true,
	}
}

// AddPool adds the demo's pool with its users to c.
func AddPool(c *cognito.Cognito) (*cognito.Pool, error) {
	p, err := c.AddPool(PoolConfig())
	if err != nil {
		return nil, fmt.Errorf("adding the demo's pool: %w", err)
	}
	for i, s := range Generate().Users {
		if err := p.Seed(s); err != nil {
			return nil, fmt.Errorf("adding user %d of the demo: %w", i+1, err)
		}
	}
	return p, nil
}

// WriteCSV writes the list as examples/users.csv has it.
func WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{"username"}) // Flush keeps the error
	for _, r := range Generate().Rows {
		_ = out.Write([]string{r.Name})
	}
	out.Flush()
	return out.Error()
}
