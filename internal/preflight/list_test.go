package preflight

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"
)

// The findings about a list: which stop, and which inform.
func TestListFindings(t *testing.T) {
	t.Parallel()
	pool := func(users int32) *types.UserPoolType { return &types.UserPoolType{EstimatedNumberOfUsers: users} }
	sample := func(all int, counts map[Fate]int) *Sample {
		s := &Sample{Counts: counts}
		for _, n := range counts {
			s.Asked += n
		}
		s.Drawn, s.Whole = s.Asked, s.Asked == all
		return s
	}
	for name, tt := range map[string]struct {
		pool *types.UserPoolType
		run  Run
		want []string
	}{
		"as long as the pool":     {pool(100), Run{Targets: 100}, nil},
		"a little longer":         {pool(100), Run{Targets: 110}, []string{"list_longer_than_pool informs"}},
		"longer than the margin":  {pool(100), Run{Targets: 111}, []string{"list_longer_than_pool"}},
		"an empty pool":           {pool(0), Run{Targets: 1}, []string{"list_longer_than_pool"}},
		"one duplicate":           {nil, Run{Targets: 1, Duplicates: 1}, nil},
		"eight of nine":           {nil, Run{Targets: 1, Duplicates: 8}, nil},
		"nine of ten":             {nil, Run{Targets: 1, Duplicates: 9}, []string{"mostly_duplicates"}},
		"300 rows, three users":   {nil, Run{Targets: 3, Duplicates: 297}, []string{"mostly_duplicates"}},
		"events, five for a user": {nil, Run{Targets: 200, Duplicates: 800}, nil},

		"one unknown of one":           {nil, Run{Sample: sample(1, map[Fate]int{Unknown: 1})}, []string{"mostly_unknown"}},
		"two of two":                   {nil, Run{Sample: sample(2, map[Fate]int{Unknown: 2})}, []string{"mostly_unknown"}},
		"a retry of unknown users":     {nil, Run{Retry: true, Sample: sample(2, map[Fate]int{Unknown: 2})}, []string{"mostly_unknown informs"}},
		"a retry of disabled users":    {nil, Run{Retry: true, Sample: sample(2, map[Fate]int{Disabled: 2})}, []string{"mostly_not_resettable informs"}},
		"one of two":                   {nil, Run{Sample: sample(2, map[Fate]int{Unknown: 1, Resettable: 1})}, nil},
		"two of three":                 {nil, Run{Sample: sample(3, map[Fate]int{Unknown: 2, Resettable: 1})}, []string{"mostly_unknown"}},
		"three of a longer list":       {nil, Run{Sample: sample(300, map[Fate]int{Unknown: 3})}, nil},
		"five of a longer list":        {nil, Run{Sample: sample(300, map[Fate]int{Unknown: 5})}, []string{"mostly_unknown"}},
		"nobody was asked":             {nil, Run{Sample: sample(300, nil)}, nil},
		"all disabled":                 {nil, Run{Sample: sample(3, map[Fate]int{Disabled: 3})}, []string{"mostly_not_resettable"}},
		"all federated":                {nil, Run{Sample: sample(9000, map[Fate]int{Federated: 100})}, []string{"mostly_not_resettable"}},
		"all without contact":          {nil, Run{Sample: sample(1, map[Fate]int{NoContact: 1})}, []string{"mostly_not_resettable"}},
		"one each":                     {nil, Run{Sample: sample(4, map[Fate]int{Unknown: 1, Disabled: 1, NeverConfirmed: 1, OtherStatus: 1})}, []string{"mostly_not_resettable"}},
		"one in ten can be":            {nil, Run{Sample: sample(10, map[Fate]int{Disabled: 9, Resettable: 1})}, []string{"mostly_not_resettable"}},
		"two in ten can be":            {nil, Run{Sample: sample(10, map[Fate]int{Disabled: 8, Resettable: 2})}, nil},
		"few of a sample can be":       {nil, Run{Sample: sample(9000, map[Fate]int{Federated: 97, Resettable: 3})}, []string{"mostly_not_resettable"}},
		"one in ten of a sample":       {nil, Run{Sample: sample(9000, map[Fate]int{Federated: 90, Resettable: 10})}, nil},
		"unknown says it more clearly": {nil, Run{Sample: sample(3, map[Fate]int{Unknown: 2, Disabled: 1})}, []string{"mostly_unknown"}},

		"subs differ by case":  {pool(100), Run{CaseTwins: 2, SubTwins: 1, SubTwinsAt: "a:2 and a:1"}, []string{"names_differ_by_case"}},
		"names differ by case": {pool(100), Run{CaseTwins: 2, TwinsAt: "a:2 and a:1"}, nil},
		"named twice":          {nil, Run{Sample: &Sample{Asked: 100, Counts: map[Fate]int{Resettable: 100}, Again: 1}}, []string{"user_named_twice"}},
		"a sub in capitals":    {nil, Run{Sample: &Sample{Asked: 100, Counts: map[Fate]int{Resettable: 100}, SubCase: 1}}, []string{"sub_in_capitals informs"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.pool != nil { // or its own sender is a finding, too
				tt.pool.EmailConfiguration = &types.EmailConfigurationType{EmailSendingAccount: types.EmailSendingAccountTypeDeveloper}
			}
			var got []string
			for _, f := range Findings(Facts{Pool: tt.pool}, tt.run) {
				if !f.Stops {
					f.Code += " informs"
				}
				got = append(got, f.Code)
			}
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
