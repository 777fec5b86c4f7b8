using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;
using KubeFlex.Operator.Runtimes.Pods.Storage;
using KubeFlex.Operator.Tests.Fakes;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Operator.Tests.Pods;

public sealed class TenantDatabaseTests : IAsyncDisposable
{
    private static readonly ResourceRef Job = Kinds.Jobs.In(Names.SystemNamespace).Named("cp1-db");
    private static readonly ResourceRef Scripts = Resources.Secrets.In(Names.SystemNamespace).Named("cp1-database");

    private readonly PodsHarness p = PodsHarness.WithKine();

    public ValueTask DisposeAsync() => p.DisposeAsync();

    /// <summary>The example of RFC 7677.</summary>
    [Fact]
    public void The_verifier_is_PostgreSQLs() => Assert.Equal(
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
        ScramVerifier.Of("pencil", Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ==")));

    [Fact]
    public async Task The_API_server_waits_for_its_database()
    {
        p.H.CreateControlPlane("cp1");
        await p.H.ReconcileAsync("cp1");
        Assert.Null(p.H.Api.Get(Kinds.Deployments.In("cp1-system").Named("kube-apiserver")));
        Assert.Contains("waiting for Job \"cp1-db\"", (string?)p.H.Condition("cp1", "Ready")["message"], StringComparison.Ordinal);
        p.Nodes.Work();
        await p.H.ReconcileAsync("cp1");
        Assert.Equal(2, p.H.Api.All(Kinds.Deployments).Count(d => (string?)d["metadata"]!["namespace"] == "cp1-system"));
        Assert.Null(p.H.Api.Get(Job));
    }

    [Fact]
    public async Task The_password_is_in_secrets_only_and_the_scripts_do_not_have_it()
    {
        await p.ReadyAsync();
        var password = p.H.SecretText("cp1", "postgres-credentials", "password");
        Assert.Equal(48, password.Length);
        var script = System.Text.Encoding.UTF8.GetString(Convert.FromBase64String((string)p.H.Api.Get(Scripts)!["data"]!["provision.sql"]!));
        Assert.DoesNotContain(password, script, StringComparison.Ordinal);
        Assert.Contains(ScramVerifier.Of(password), script, StringComparison.Ordinal);
        Assert.DoesNotContain(p.H.Api.All(Kinds.Deployments), d => d.ToJsonString().Contains(password, StringComparison.Ordinal));
        Assert.Contains("NOSUPERUSER", script, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_password_is_replaced_in_the_database_too()
    {
        await p.ReadyAsync();
        var before = p.H.SecretText("cp1", "postgres-credentials", "password");
        p.H.Api.Remove(Harness.Secret("cp1", "postgres-credentials"));
        await p.H.ReconcileAsync("cp1");
        var now = p.H.SecretText("cp1", "postgres-credentials", "password");
        Assert.NotEqual(before, now);
        Assert.NotNull(p.H.Api.Get(Job));
        p.Nodes.Work();
        await p.H.ReconcileAsync("cp1");
        Assert.Null(p.H.Api.Get(Job));
    }

    [Fact]
    public async Task A_failed_Job_is_told_and_runs_again()
    {
        p.Nodes.JobsFail = "database \"cp1\" belongs to another role";
        p.H.CreateControlPlane("cp1");
        await p.H.ReconcileAsync("cp1");
        p.Nodes.Work();
        Assert.Equal(TimeSpan.FromSeconds(30), (await p.H.ReconcileAsync("cp1")).RequeueAfter);
        Assert.Contains("BackoffLimitExceeded: database \"cp1\" belongs to another role", (string?)p.H.Condition("cp1", "Synced")["message"], StringComparison.Ordinal);
        // It stays as it is until its time has come, whatever brings a pass before.
        var failed = (string?)p.H.Api.Get(Job)!["metadata"]!["uid"];
        await p.H.ReconcileAsync("cp1");
        Assert.Equal(failed, (string?)p.H.Api.Get(Job)!["metadata"]!["uid"]);
        p.Nodes.JobsFail = null;
        p.H.Time.Advance(TimeSpan.FromSeconds(31));
        await p.H.ReconcileAsync("cp1");
        Assert.NotEqual(failed, (string?)p.H.Api.Get(Job)!["metadata"]!["uid"]);
        await p.SettleAsync("cp1");
        Assert.True(p.H.IsReady("cp1"));
    }

    [Fact]
    public async Task With_PostgreSQL_gone_nothing_holds_the_finalizer()
    {
        await p.ReadyAsync();
        p.H.Api.Remove(Resources.Secrets.In(Names.SystemNamespace).Named("postgres-postgresql"));
        await p.H.DeleteAsync("cp1");
        await p.H.ReconcileAsync("cp1");
        Assert.Null(p.H.Find("cp1"));
        Assert.Null(p.H.Api.Get(Scripts));
    }

    [Fact]
    public void Names_that_are_keywords_or_PostgreSQLs_own_do_no_harm()
    {
        var cp = new ControlPlane(new JsonObject { ["metadata"] = new JsonObject { ["name"] = "pg-user" } });
        Assert.Equal(("pg_user", "kf_pg_user"), (DatabaseScripts.DatabaseOf(cp), DatabaseScripts.RoleOf(cp)));
        Assert.Contains("""DROP DATABASE "pg_user" WITH (FORCE)""", DatabaseScripts.Drop(cp), StringComparison.Ordinal);
    }
}
