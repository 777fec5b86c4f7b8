using System.Text.Json.Nodes;
using KubeFlex.Operator.Tests.Fakes;

namespace KubeFlex.Operator.Tests.ControlPlanes;

public sealed class ProgressTests : IAsyncDisposable
{
    private readonly Harness h = new();

    public ValueTask DisposeAsync() => h.DisposeAsync();

    [Fact]
    public async Task From_creation_to_ready_the_status_is_written_once()
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        Assert.Single(h.Writes(), r => r.Path.EndsWith("/status", StringComparison.Ordinal));
        AssertProgress("False", "Complete", "");
    }

    [Fact]
    public async Task What_is_waited_for_is_the_step()
    {
        h.Host.NotServing = "the store is opening";
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        AssertProgress("True", "WaitingForControlPlane", "the store is opening");
        h.Host.NotServing = null;
        await h.ReconcileAsync("cp1");
        AssertProgress("False", "Complete", "");
        Assert.Equal(["Ready", "Synced", "Progressing"], h.Find("cp1")!["status"]!["conditions"]!.AsArray().Select(c => (string?)c!["type"]));
    }

    [Fact]
    public async Task A_pass_that_takes_long_says_so_meanwhile()
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        h.Host.EnsureWaits = () =>
        {
            begun.TrySetResult();
            return release.Task;
        };
        h.CreateControlPlane("cp1");
        var pass = h.ReconcileAsync("cp1");
        await begun.Task;
        // The timer may not be there yet: time goes on until it fires.
        while (h.Find("cp1")!["status"] is null)
        {
            h.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1, h.Cancellation);
        }
        Assert.Equal(("False", "Creating"), ((string?)h.Condition("cp1", "Ready")["status"], (string?)h.Condition("cp1", "Ready")["reason"]));
        AssertProgress("True", "Creating", "making namespace, certificates, kubeconfigs and what serves the API");
        Assert.DoesNotContain(h.Find("cp1")!["status"]!["conditions"]!.AsArray(), c => (string?)c!["type"] == "Synced");
        release.SetResult();
        await pass;
        Assert.True(h.IsReady("cp1"));
        AssertProgress("False", "Complete", "");
    }

    [Fact]
    public async Task Paused_means_that_nothing_changes_until_it_is_over()
    {
        h.CreateControlPlane("cp1", more: s => s["paused"] = true);
        await h.ReconcileAsync("cp1");
        Assert.Equal(("False", "ReconcilePaused"), ((string?)h.Condition("cp1", "Synced")["status"], (string?)h.Condition("cp1", "Synced")["reason"]));
        Assert.Equal("Normal", (string?)Assert.Single(h.Events("ReconcilePaused"))["type"]);
        Assert.Null(h.Find("cp1")!["metadata"]!["finalizers"]);
        Assert.Null(h.Api.Get(Harness.Namespace("cp1")));
        AssertProgress("False", "Paused", "");
        Pause(false);
        await h.ReconcileAsync("cp1");
        Assert.True(h.IsReady("cp1"));

        Pause(true);
        h.Api.Remove(Harness.Secret("cp1", "admin-kubeconfig"));
        h.Time.Advance(TimeSpan.FromDays(300));
        await h.ReconcileAsync("cp1");
        Assert.Null(h.Api.Get(Harness.Secret("cp1", "admin-kubeconfig")));
        Assert.True(h.IsReady("cp1"));
        h.Api.ClearRequests();
        await h.ReconcileAsync("cp1");
        Assert.Empty(h.Writes());
        Pause(false);
        await h.ReconcileAsync("cp1");
        Assert.NotNull(h.Api.Get(Harness.Secret("cp1", "admin-kubeconfig")));
        Assert.Equal("ReconcileSuccess", (string?)h.Condition("cp1", "Synced")["reason"]);

        Pause(true);
        await h.DeleteAsync("cp1");
        await h.ReconcileAsync("cp1");
        Assert.Null(h.Find("cp1"));
    }

    [Theory]
    [InlineData("uid-of-a-former-one", true, "Retrying")]
    [InlineData(null, true, "Retrying")]
    [InlineData(null, false, "Blocked")]
    public async Task A_namespace_that_goes_by_itself_is_waited_for_a_foreign_one_is_not(string? owner, bool goes, string reason)
    {
        h.Api.HeldNamespaces.Add("cp1-system");
        var metadata = new JsonObject { ["name"] = "cp1-system" };
        if (owner is not null) metadata["ownerReferences"] = new JsonArray(new JsonObject { ["apiVersion"] = "tenancy.kflex.kubestellar.org/v1alpha1", ["kind"] = "ControlPlane", ["name"] = "cp1", ["uid"] = owner, ["controller"] = true });
        else if (goes) metadata["deletionTimestamp"] = "2026-07-01T12:00:00Z";
        h.Api.Put(Harness.Namespace("cp1"), new JsonObject { ["metadata"] = metadata });
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        Assert.Equal("False", (string?)h.Condition("cp1", "Synced")["status"]);
        Assert.Equal((goes ? "True" : "False", reason), ((string?)h.Condition("cp1", "Progressing")["status"], (string?)h.Condition("cp1", "Progressing")["reason"]));
    }

    [Fact]
    public async Task Ocm_is_accepted_and_told_where_to_go()
    {
        h.CreateControlPlane("cp1", "ocm");
        await h.ReconcileAsync("cp1");
        Assert.Equal("Deprecated", (string?)h.Condition("cp1", "Synced")["reason"]);
        Assert.Contains("OCM runs inside a control plane of type \"vcluster\"", (string?)h.Condition("cp1", "Synced")["message"], StringComparison.Ordinal);
        Assert.Equal("Warning", (string?)Assert.Single(h.Events("Deprecated"))["type"]);
        Assert.Null(h.Api.Get(Harness.Namespace("cp1")));
    }

    private void Pause(bool paused) => h.Edit("cp1", cp => cp["spec"]!["paused"] = paused);

    private void AssertProgress(string status, string reason, string message)
    {
        var c = h.Condition("cp1", "Progressing");
        Assert.Equal((status, reason, message), ((string?)c["status"], (string?)c["reason"], (string?)c["message"]));
    }
}
