package peers

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"relock/internal/peers/servers"
	"relock/internal/sandbox/cognito"
	"relock/internal/sandbox/demo"
)

// otherOutcomes is what becomes of rows of the demo's list with moto instead of
// AWS, by kind, and the difference in the table that is to blame.
var otherOutcomes = map[demo.Kind]struct{ outcome, difference string }{
	demo.ByEmail:      {"user_not_found", "a user named by a verified e-mail address that is an alias"},
	demo.ByPreferred:  {"user_not_found", "a user named by preferred_username where that is an alias"},
	demo.BySub:        {"user_not_found", "a user named by sub"},
	demo.NotConfirmed: {"not_resettable_state", "a user who never confirmed the sign-up"},
}

// TestDemo does the demo's job with servers that we did not write: SQS by fauxqs,
// Cognito by moto, and the ledger in files or, by dynalite, in DynamoDB.
func TestDemo(t *testing.T) {
	for kind, x := range otherOutcomes {
		if !slices.ContainsFunc(poolDifferences[moto], func(d difference) bool { return d.behaviour == x.difference }) {
			t.Errorf("%s: the table has no difference %q", kind, x.difference)
		}
	}
	t.Run("ledger in files", func(t *testing.T) {
		t.Parallel()
		runDemo(t, "file:ledger", nil)
	})
	t.Run("ledger in DynamoDB", func(t *testing.T) {
		t.Parallel()
		runDemo(t, "dynamodb://relock", []string{"AWS_ENDPOINT_URL_DYNAMODB=" + servers.StartDynalite(t)}, "--create-table")
	})
}

func runDemo(t *testing.T, ledger string, env []string, enqueue ...string) {
	bin := programs(t)
	sqsURL, awsURL := servers.StartFauxqs(t), servers.StartMoto(t)
	pools := &poolEnv{T: t, ctx: t.Context(), c: cip.NewFromConfig(config(t, awsURL))}
	set := demo.Generate()
	pool := demoPool(pools, set.Users)
	e := newSQSEnv(t, sqsURL, sqs.NewFromConfig(config(t, sqsURL)))
	dead := e.queue()
	queue := e.queue("VisibilityTimeout", "30", "RedrivePolicy", redrive(e.arn(dead), "20"))

	s := newShell(t, append(env, "AWS_ENDPOINT_URL="+awsURL, "AWS_ENDPOINT_URL_SQS="+sqsURL)...)
	where := []string{"--user-pool-id", *pool, "--queue", *queue, "--ledger", ledger}
	list := filepath.Join(servers.Root(t), "examples", "users.csv")
	// What moto's pool and fauxqs's queue are not: larger than the list's, with SES,
	// encrypted.
	enqueue = append(enqueue, "--sample", "0", "--force", "cognito_mail_limit,list_longer_than_pool,queue_not_encrypted")
	s.must(0, filepath.Join(bin, "enqueue"), slices.Concat(where, enqueue, []string{"--job", "demo", "--yes", "--max-users", "1000", list})...)
	s.must(3, filepath.Join(bin, "worker"), slices.Concat(where, []string{"--drain", "--metrics-listen", "off"})...)

	want := map[string]string{} // by name
	for _, row := range set.Rows {
		for _, part := range demo.Parts() {
			if part.Kind == row.Kind && row.Kind != demo.Duplicate {
				want[row.Name] = part.Outcome
			}
		}
		if x, other := otherOutcomes[row.Kind]; other {
			want[row.Name] = x.outcome
		}
	}
	if diff := cmp.Diff(want, results(t, s.must(0, filepath.Join(bin, "job"), "results", "--ledger", ledger, "--json", "demo"))); diff != "" {
		t.Errorf("the ledger has other outcomes (-want +got):\n%s", diff)
	}
	resets := 0
	for _, outcome := range want {
		if outcome == "reset" {
			resets++
		}
	}
	if got := len(strings.Fields(pools.list(pool, `cognito:user_status = "RESET_REQUIRED"`))); got != resets {
		t.Errorf("moto has %d users in RESET_REQUIRED, want %d", got, resets)
	}
	for _, q := range []*string{queue, dead} {
		if d := e.depth(q); d != "0 visible, 0 in flight, 0 delayed" {
			t.Errorf("queue %s holds %s", *q, d)
		}
	}
}

// results reads the lines of `job results --json`: outcome by name.
func results(t *testing.T, text string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for line := range strings.Lines(text) {
		var r struct{ Username, Outcome string }
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("job results: %v: %s", err, line)
		}
		if _, twice := got[r.Username]; twice {
			t.Errorf("job results names a user twice")
		}
		got[r.Username] = r.Outcome
	}
	return got
}

// demoPool makes the demo's pool with as much of its users as moto's operations
// allow: federated users are users who never signed in, with the same outcome.
func demoPool(e *poolEnv, users []cognito.Seed) *string {
	e.Helper()
	pool := e.pool(aliases(types.AliasAttributeTypeEmail, types.AliasAttributeTypePreferredUsername))
	app := e.app(pool)
	var wg sync.WaitGroup
	next := make(chan cognito.Seed)
	var mu sync.Mutex
	var failed error
	for range 8 {
		wg.Go(func() {
			for u := range next {
				if err := e.seed(pool, app, u); err != nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
				}
			}
		})
	}
	for _, u := range users {
		next <- u
	}
	close(next)
	wg.Wait()
	if failed != nil {
		e.Fatalf("making the demo's users: %v", failed)
	}
	return pool
}

// seed makes one user through the API.
func (e *poolEnv) seed(pool, app *string, u cognito.Seed) error {
	var attrs []string
	put := func(name, value string) {
		if value != "" {
			attrs = append(attrs, name, value)
		}
	}
	verified := map[bool]string{true: "true"}
	put("email", u.Email)
	put("email_verified", verified[u.EmailVerified])
	put("phone_number", u.PhoneNumber)
	put("phone_number_verified", verified[u.PhoneNumberVerified])
	put("preferred_username", u.PreferredUsername)
	if u.Status == cognito.Unconfirmed {
		_, err := e.c.SignUp(e.ctx, &cip.SignUpInput{ClientId: app, Username: &u.Username, Password: new(password), UserAttributes: attributes(attrs)})
		return err
	}
	if err := e.create(pool, u.Username, attrs...); err != nil {
		return err
	}
	if u.Status == cognito.ForceChangePassword || u.Status == cognito.ExternalProvider {
		return nil
	}
	if _, err := e.c.AdminSetUserPassword(e.ctx, &cip.AdminSetUserPasswordInput{UserPoolId: pool, Username: &u.Username, Password: new(password), Permanent: true}); err != nil {
		return err
	}
	if u.Status == cognito.ResetRequired {
		if err := e.reset(pool, u.Username); err != nil {
			return err
		}
	}
	if u.Enabled != nil && !*u.Enabled {
		_, err := e.c.AdminDisableUser(e.ctx, &cip.AdminDisableUserInput{UserPoolId: pool, Username: &u.Username})
		return err
	}
	return nil
}
