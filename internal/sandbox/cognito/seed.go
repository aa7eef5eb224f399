package cognito

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Seed is one user of a declarative list: a row of a CSV file or an object of a
// JSON array.
type Seed struct {
	Username string `json:"username"`
	// Status defaults to CONFIRMED.
	Status Status `json:"status,omitzero"`
	// Enabled defaults to true.
	Enabled *bool `json:"enabled,omitzero"`
	// Sub defaults to a UUID made of pool and username.
	Sub                 string   `json:"sub,omitzero"`
	Email               string   `json:"email,omitzero"`
	EmailVerified       bool     `json:"email_verified,omitzero"`
	PhoneNumber         string   `json:"phone_number,omitzero"`
	PhoneNumberVerified bool     `json:"phone_number_verified,omitzero"`
	PreferredUsername   string   `json:"preferred_username,omitzero"`
	Groups              []string `json:"groups,omitzero"`
	// Password is what the user signs in with; not checked against the policy.
	Password string `json:"password,omitzero"`
	// Sessions is how many refresh tokens the user holds.
	Sessions int `json:"sessions,omitzero"`
}

// Seed adds a user as if it had always been there. Groups are made as needed.
func (p *Pool) Seed(s Seed) error {
	if s.Status == "" {
		s.Status = Confirmed
	}
	if !slices.Contains(Statuses(), s.Status) {
		return fmt.Errorf("status %q is not one of %v", s.Status, Statuses())
	}
	if !isVisible(s.Username) || units(s.Username) > ruleUsername.max {
		return fmt.Errorf("the username is not 1 to %d visible characters", ruleUsername.max)
	}
	if s.Sub == "" {
		s.Sub = madeUpSub(p.id, s.Username)
	}
	if s.Sub = strings.ToLower(s.Sub); !looksLikeSub(s.Sub) {
		return fmt.Errorf("the sub is not a UUID")
	}
	var attrs []attribute
	set := func(name, value string) {
		if value != "" {
			attrs = append(attrs, attribute{&name, &value})
		}
	}
	set("email", s.Email)
	if s.Email != "" {
		set("email_verified", strconv.FormatBool(s.EmailVerified))
	}
	set("phone_number", s.PhoneNumber)
	if s.PhoneNumber != "" {
		set("phone_number_verified", strconv.FormatBool(s.PhoneNumberVerified))
	}
	set("preferred_username", s.PreferredUsername)
	u, err := p.create(newUser{name: s.Username, sub: s.Sub, attrs: attrs, status: s.Status, exists: "another user has this name"}, p.c.now())
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.disabled = s.Enabled != nil && !*s.Enabled
	u.password = s.Password
	u.sessions = int32(min(s.Sessions, 1<<30))
	if u.extra != nil {
		u.extra.history = nil // a seed is old: listings that lag show it too
	}
	for _, name := range s.Groups {
		if !p.join(u, name) {
			p.addGroup(&group{name: name, created: u.created})
			p.join(u, name)
		}
	}
	return nil
}

// SeedFile adds the users of a file: CSV with a header line whose columns are
// named like Seed's JSON members (groups separated by semicolons), or, where the
// name ends in .json, an array of such objects. Errors name the line or entry.
func (p *Pool) SeedFile(name string) (int, error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, fmt.Errorf("opening the list of users: %w", err)
	}
	defer f.Close()
	read := ReadSeedsCSV
	if strings.EqualFold(filepath.Ext(name), ".json") {
		read = ReadSeedsJSON
	}
	seeds, err := read(f)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	for i, s := range seeds {
		if err := p.Seed(s); err != nil {
			return i, fmt.Errorf("%s: user %d: %w", name, i+1, err)
		}
	}
	return len(seeds), nil
}

// ReadSeedsJSON reads an array of seeds.
func ReadSeedsJSON(r io.Reader) ([]Seed, error) {
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	var seeds []Seed
	if err := dec.Decode(&seeds); err != nil {
		return nil, fmt.Errorf("reading users as JSON: %w", err)
	}
	return seeds, nil
}

// seedColumns are the columns of a CSV file of seeds.
var seedColumns = map[string]func(*Seed, string) error{
	"username":              func(s *Seed, v string) error { s.Username = v; return nil },
	"status":                func(s *Seed, v string) error { s.Status = Status(v); return nil },
	"enabled":               func(s *Seed, v string) error { return optionalBool(&s.Enabled, v) },
	"sub":                   func(s *Seed, v string) error { s.Sub = v; return nil },
	"email":                 func(s *Seed, v string) error { s.Email = v; return nil },
	"email_verified":        func(s *Seed, v string) error { return boolean(&s.EmailVerified, v) },
	"phone_number":          func(s *Seed, v string) error { s.PhoneNumber = v; return nil },
	"phone_number_verified": func(s *Seed, v string) error { return boolean(&s.PhoneNumberVerified, v) },
	"preferred_username":    func(s *Seed, v string) error { s.PreferredUsername = v; return nil },
	"password":              func(s *Seed, v string) error { s.Password = v; return nil },
	"groups": func(s *Seed, v string) error {
		if v != "" {
			s.Groups = strings.Split(v, ";")
		}
		return nil
	},
	"sessions": func(s *Seed, v string) error {
		if v == "" {
			return nil
		}
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			return fmt.Errorf("sessions is not a whole number of 0 or more")
		}
		s.Sessions = n
		return nil
	},
}

func boolean(to *bool, v string) error {
	if v == "" {
		return nil
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		return fmt.Errorf("%q is neither true nor false", v)
	}
	*to = b
	return nil
}

func optionalBool(to **bool, v string) error {
	if v == "" {
		return nil
	}
	var b bool
	*to = &b
	return boolean(&b, v)
}

// ReadSeedsCSV reads seeds with a header line.
func ReadSeedsCSV(r io.Reader) ([]Seed, error) {
	in := csv.NewReader(r)
	header, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("reading the header line: %w", err)
	}
	for _, name := range header {
		if seedColumns[name] == nil {
			return nil, fmt.Errorf("line 1: no column %q is known", name)
		}
	}
	if !slices.Contains(header, "username") {
		return nil, fmt.Errorf("line 1: the column username is missing")
	}
	var seeds []Seed
	for {
		row, err := in.Read()
		if err == io.EOF {
			return seeds, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading users as CSV: %w", err)
		}
		var s Seed
		for i, v := range row {
			if err := seedColumns[header[i]](&s, v); err != nil {
				line, _ := in.FieldPos(i)
				return nil, fmt.Errorf("line %d: column %s: %w", line, header[i], err)
			}
		}
		seeds = append(seeds, s)
	}
}
