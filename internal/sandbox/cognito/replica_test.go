package cognito_test

import (
	"testing"

	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/google/go-cmp/cmp"

	"relock/internal/sandbox/cognito"
)

// A replica says so through AWS's own client, and another pool has no replicas.
func TestListUserPoolReplicas(t *testing.T) {
	t.Parallel()
	for _, replica := range []bool{false, true} {
		c, _ := newPool(t, cognito.PoolConfig{Replica: replica})
		out, err := sdk(t, c).ListUserPoolReplicas(t.Context(), &cip.ListUserPoolReplicasInput{UserPoolId: new(poolID)})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, r := range out.UserPoolReplicas {
			got[*r.RegionName] = string(r.Role)
		}
		want := map[string]string{}
		if replica {
			want = map[string]string{"us-east-1": "PRIMARY", "eu-west-1": "SECONDARY"}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("replica %v (-want +got):\n%s", replica, diff)
		}
	}
}

// What a pool says of itself: its SMS role and what is wrong with it, and how many
// users it seems to have.
func TestDescribeSMSAndEstimate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]cognito.PoolConfig{
		"eu-west-1_A,sms": {ID: "eu-west-1_A", SMS: true},
		"eu-west-1_A,sms=SNSSandbox,estimate=12000": {ID: "eu-west-1_A", SMS: true, SMSFailure: "SNSSandbox", Estimate: 12000},
	} {
		cfg, err := cognito.ParsePool(text)
		if diff := cmp.Diff(want, cfg); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
		cfg.ID = poolID
		c, p := newPool(t, cfg)
		add(t, p, confirmed("ana"))
		out, err := sdk(t, c).DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: new(poolID)})
		if err != nil {
			t.Fatal(err)
		}
		users := int32(1)
		if want.Estimate > 0 {
			users = want.Estimate
		}
		failure := ""
		if f := out.UserPool.SmsConfigurationFailure; f != nil {
			failure = *f
		}
		if out.UserPool.SmsConfiguration == nil || failure != want.SMSFailure || out.UserPool.EstimatedNumberOfUsers != users {
			t.Errorf("%s: SMS %v, failure %q, %d users", text, out.UserPool.SmsConfiguration, failure, out.UserPool.EstimatedNumberOfUsers)
		}
	}
	if _, err := cognito.ParsePool("eu-west-1_A,estimate=none"); err == nil {
		t.Error("an estimate that is no number is accepted")
	}
}

// A pool that makes up users on demand has them in a listing that asks for one by
// username, and shows a large estimate.
func TestListUsersOnDemand(t *testing.T) {
	t.Parallel()
	c, p := newPool(t, cognito.PoolConfig{OnDemand: "user-[0-9]{3}"})
	for filter, want := range map[string][]string{
		`username = "user-001"`:  {"user-001"},
		`username = "user-x"`:    {},
		`username ^= "user-002"`: {},
	} {
		out, e := direct(t, c, "ListUsers", obj{"UserPoolId": poolID, "Filter": filter})
		if e != "" {
			t.Fatal(e)
		}
		if diff := cmp.Diff(want, names(out)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", filter, diff)
		}
	}
	if p.Len() != 1 {
		t.Errorf("%d users have a record, want the one who was asked for", p.Len())
	}
	out, _ := direct(t, c, "DescribeUserPool", obj{"UserPoolId": poolID})
	if n := out["UserPool"].(obj)["EstimatedNumberOfUsers"]; n != 1e7 {
		t.Errorf("the estimate is %v, want ten million", n)
	}
}
