using System.Text.Json.Nodes;
using KubeFlex.Operator.Tests.Fakes;
using KubeFlex.Runtime.Client;
using KubeFlex.Testing;

namespace KubeFlex.Operator.Tests.ControlPlanes;

public sealed class DeletionTests : IAsyncDisposable
{
    private static readonly ResourceRef ClusterRoles = new("rbac.authorization.k8s.io", "v1", "clusterroles");

    private readonly Harness h = new();

    public ValueTask DisposeAsync() => h.DisposeAsync();

    [Fact]
    public async Task Nothing_is_left_behind()
    {
        h.CreateHook("roles", [new JsonObject
        {
            ["apiVersion"] = "rbac.authorization.k8s.io/v1", ["kind"] = "ClusterRole", ["metadata"] = new JsonObject { ["name"] = "{{.ControlPlaneName}}-role" },
        }]);
        h.CreateControlPlane("cp1", more: s => s["postCreateHook"] = "roles");
        await h.ReconcileAsync("cp1");
        Assert.NotNull(h.Api.Get(ClusterRoles.Named("cp1-role")));
        // A release of Helm in a namespace of that name is not ours, though marked the same way.
        h.Api.Put(ClusterRoles.Named("of-helm"), new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["labels"] = new JsonObject { ["app.kubernetes.io/managed-by"] = "Helm" },
                ["annotations"] = new JsonObject { ["meta.helm.sh/release-namespace"] = "cp1-system" },
                ["managedFields"] = new JsonArray(new JsonObject { ["manager"] = "helm" }),
            },
        });

        await h.DeleteAsync("cp1");
        await h.ReconcileAsync("cp1");
        Assert.Null(h.Find("cp1"));
        Assert.Null(h.Api.Get(Harness.Namespace("cp1")));
        Assert.Empty(h.Api.All(Resources.Secrets));
        Assert.Equal("of-helm", (string?)Assert.Single(h.Api.All(ClusterRoles))["metadata"]!["name"]);
        Assert.Empty(h.Host.Running);
    }

    [Fact]
    public async Task What_hooks_made_goes_also_when_they_were_taken_out_of_the_spec()
    {
        h.CreateHook("roles", [new JsonObject
        {
            ["apiVersion"] = "rbac.authorization.k8s.io/v1", ["kind"] = "ClusterRole", ["metadata"] = new JsonObject { ["name"] = "{{.ControlPlaneName}}-role" },
        }]);
        h.CreateControlPlane("cp1", more: s => s["postCreateHooks"] = new JsonArray(new JsonObject { ["hookName"] = "roles" }));
        await h.ReconcileAsync("cp1");
        h.Edit("cp1", cp => cp["spec"]!.AsObject().Remove("postCreateHooks"));
        await h.ReconcileAsync("cp1");
        Assert.Single(h.Api.All(ClusterRoles));
        await h.DeleteAsync("cp1");
        await h.ReconcileAsync("cp1");
        Assert.Null(h.Find("cp1"));
        Assert.Empty(h.Api.All(ClusterRoles));
    }

    [Fact]
    public async Task The_finalizer_waits_for_the_namespace()
    {
        h.Api.HeldNamespaces.Add("cp1-system");
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        await h.DeleteAsync("cp1");
        await h.ReconcileAsync("cp1");
        await h.ReconcileAsync("cp1");
        Assert.Equal("Deleting", (string?)h.Condition("cp1", "Ready")["reason"]);
        Assert.Single(h.Api.Requests, r => r.Method == "DELETE" && r.Path == "api/v1/namespaces/cp1-system");

        h.Api.HeldNamespaces.Clear();
        h.Api.Remove(Harness.Namespace("cp1"));
        await h.ReconcileAsync("cp1");
        Assert.Null(h.Find("cp1"));
    }

    /// <summary>The creation is broken off at each of its requests in turn; the deletion must work from there.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Every_half_created_state_can_be_deleted(int allowed)
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("warm-up");
        var left = allowed;
        h.Api.Intercept = r => r.IsWrite && Interlocked.Decrement(ref left) < 0 ? FakeApi.Failure(503, "ServiceUnavailable", "away") : null;
        try
        {
            await h.ReconcileAsync("cp1");
        }
        catch (KubeApiException)
        {
            // The runner's matter.
        }
        h.Api.Intercept = null;
        await h.DeleteAsync("cp1");
        await h.ReconcileAsync("cp1");
        Assert.Null(h.Find("cp1"));
        // Without a finalizer the object is gone before we look; the owner reference lets the garbage collector take the namespace.
        var ns = h.Api.Get(Harness.Namespace("cp1"));
        Assert.True(ns is null || ns["metadata"]!["ownerReferences"] is JsonArray { Count: 1 });
        Assert.Empty(h.Host.Running);
    }

    [Fact]
    public async Task A_failure_is_told_and_tried_again()
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        h.Host.DeleteFails = new KubeApiException(400, null, "the disk is on fire");
        await h.DeleteAsync("cp1");
        Assert.True((await h.ReconcileAsync("cp1")).Retry);
        Assert.Equal("the disk is on fire", (string?)h.Condition("cp1", "Synced")["message"]);
        h.Host.DeleteFails = null;
        await h.ReconcileAsync("cp1");
        Assert.Null(h.Find("cp1"));
    }

    [Fact]
    public async Task What_is_gone_already_does_not_hold_the_finalizer()
    {
        h.CreateControlPlane("cp1");
        await h.ReconcileAsync("cp1");
        h.Api.Remove(Harness.Namespace("cp1"));
        h.Host.Running.Clear();
        await h.DeleteAsync("cp1");
        await h.ReconcileAsync("cp1");
        Assert.Null(h.Find("cp1"));
    }
}
