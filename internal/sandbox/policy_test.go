package sandbox_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"relock/internal/sandbox"
	"relock/internal/sandbox/cognito"
	"relock/internal/sandbox/iam"
)

// A call that no policy grants is refused with AWS's code, whatever the service;
// an encrypted queue also asks for its key.
func TestPolicy(t *testing.T) {
	t.Parallel()
	p, err := iam.Parse([]byte(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-1:123456789012:*"},
		{"Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": "arn:aws:kms:eu-west-1:123456789012:alias/mine",
		 "Condition": {"StringEquals": {"kms:ViaService": "sqs.eu-west-1.amazonaws.com"}}}
	]}`))
	if err != nil {
		t.Fatal(err)
	}
	guard := new(iam.Guard)
	guard.Set("AKIASENDER0000000001", p)
	s, err := sandbox.New(sandbox.Config{Guard: guard})
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]string{"plain": "", "mine": "alias/mine", "theirs": "alias/theirs"} {
		var attributes map[string]string
		if key != "" {
			attributes = map[string]string{"KmsMasterKeyId": key, "SqsManagedSseEnabled": "false"}
		}
		if err := s.SQS().Create(name, attributes); err != nil {
			t.Fatal(err)
		}
	}
	const pool = "eu-west-1_Policy001"
	if _, err := s.Cognito().AddPool(cognito.PoolConfig{ID: pool}); err != nil {
		t.Fatal(err)
	}
	url, err := s.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) }) // its work is done
	config := func(key string) aws.Config {
		return aws.Config{
			Region: "eu-west-1", BaseEndpoint: &url, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
			Credentials: credentials.NewStaticCredentialsProvider(key, "x", ""),
		}
	}
	send := func(cfg aws.Config, queue string) error {
		_, err := sqs.NewFromConfig(cfg).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(url + s.SQS().Path(queue)), MessageBody: aws.String("x")})
		return err
	}
	mine, other := config("AKIASENDER0000000001"), config("AKIAANYBODY000000001")
	for _, c := range []struct {
		name string
		err  error
		want string // of the error's code and message
	}{
		{"granted", send(mine, "plain"), ""},
		{"granted, with the key", send(mine, "mine"), ""},
		{"another key", send(mine, "theirs"), "KMS.AccessDeniedException: kms:GenerateDataKey on resource: arn:aws:kms:eu-west-1:123456789012:alias/theirs"},
		{"no policy", send(other, "theirs"), ""},
		{"another action", func() error {
			_, err := sqs.NewFromConfig(mine).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(url + s.SQS().Path("plain"))})
			return err
		}(), "AccessDenied: sqs:ReceiveMessage on resource: arn:aws:sqs:eu-west-1:123456789012:plain"},
		{"Cognito", func() error {
			_, err := cip.NewFromConfig(mine).AdminResetUserPassword(t.Context(), &cip.AdminResetUserPasswordInput{UserPoolId: aws.String(pool), Username: aws.String("u")})
			return err
		}(), "AccessDeniedException: cognito-idp:AdminResetUserPassword on resource: arn:aws:cognito-idp:eu-west-1:123456789012:userpool/" + pool},
		{"Service Quotas", func() error {
			_, err := servicequotas.NewFromConfig(mine).GetServiceQuota(t.Context(), &servicequotas.GetServiceQuotaInput{ServiceCode: aws.String("cognito-idp"), QuotaCode: aws.String("L-7D6E8ED3")})
			return err
		}(), "AccessDeniedException: servicequotas:GetServiceQuota because"},
	} {
		if c.want == "" {
			if c.err != nil {
				t.Errorf("%s: %v", c.name, c.err)
			}
			continue
		}
		code, what, _ := strings.Cut(c.want, ": ")
		api, ok := errors.AsType[smithy.APIError](c.err)
		if !ok || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), "is not authorized to perform: "+what) {
			t.Errorf("%s: %v, want %s", c.name, c.err, c.want)
		}
	}
}
