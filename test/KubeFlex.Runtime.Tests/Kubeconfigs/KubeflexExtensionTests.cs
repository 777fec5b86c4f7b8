using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Runtime.Tests.Kubeconfigs;

public sealed class KubeflexExtensionTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Writes_what_the_contract_says()
    {
        var file = directory.Write("config", "contexts:\n- name: kind\n  context: {cluster: c, user: u}\n");
        await Stores.Of(file).EditAsync(c =>
        {
            KubeflexExtension.SetHostingContext(c, "kind", TimeProvider.System);
            ControlPlaneEntries.Merge(c, "cp1", Stores.ControlPlane("https://cp1.example"), TimeProvider.System);
        }, default);
        var root = Stores.Read(file);
        var top = root["extensions"]![0]!;
        Assert.Equal("kubeflex", (string?)top["name"]);
        Assert.Equal("kubeflex", (string?)top["extension"]!["metadata"]!["name"]);
        Assert.Equal("kind", (string?)top["extension"]!["data"]!["hosting-cluster-ctx-name"]);
        Assert.Equal("true", (string?)root["contexts"]![0]!["context"]!["extensions"]![0]!["extension"]!["data"]!["is-hosting-cluster-ctx"]);
        Assert.Equal("cp1", (string?)root["contexts"]![1]!["context"]!["extensions"]![0]!["extension"]!["data"]!["controlplane-name"]);
    }

    [Theory]
    [InlineData("extensions:\n- name: kubeflex\n  extension: {data: {hosting-cluster-ctx-name: kind}}\n", "kind")]
    [InlineData("extensions:\n- name: kubeflex\n  extension: {data: {kflex-initial-ctx-name: old}}\n", "old")]
    [InlineData("preferences:\n  extensions:\n  - name: kflex-config-extension-name\n    extension: {data: {kflex-initial-ctx-name: older}}\n", "older")]
    [InlineData("extensions:\n- name: minikube\n  extension: {data: {hosting-cluster-ctx-name: no}}\n", null)]
    public void Reads_the_hosting_context_of_all_releases(string content, string? expected) =>
        Assert.Equal(expected, KubeflexExtension.HostingContext(Stores.Of(directory.Write("config", content)).Load()));

    [Fact]
    public async Task Merging_again_replaces_credentials_and_keeps_the_users_namespace()
    {
        var store = Stores.Of(directory.File("config"));
        await store.EditAsync(c => ControlPlaneEntries.Merge(c, "cp1", Stores.ControlPlane("https://old.example"), TimeProvider.System), default);
        await store.EditAsync(c =>
        {
            c.Find(KubeconfigSection.Contexts, "cp1")!["namespace"] = "mine";
            c.Find(KubeconfigSection.Users, "cp1-admin")!["token"] = "stale";
        }, default);
        await store.EditAsync(c => ControlPlaneEntries.Merge(c, "cp1", Stores.ControlPlane("https://new.example"), TimeProvider.System), default);
        var config = store.Load();
        Assert.Equal("https://new.example", config.ServerOf("cp1"));
        Assert.Equal("mine", config.FindContext("cp1")?.Namespace);
        Assert.Null(config.Find(KubeconfigSection.Users, "cp1-admin")!["token"]);
    }

    [Fact]
    public async Task Removing_a_context_keeps_a_cluster_that_another_one_uses()
    {
        var store = Stores.Of(directory.File("config"));
        await store.EditAsync(c =>
        {
            ControlPlaneEntries.Merge(c, "cp1", Stores.ControlPlane("https://cp1.example"), TimeProvider.System);
            c.Ensure(KubeconfigSection.Contexts, "mine")["cluster"] = "cp1-cluster";
        }, default);
        await store.EditAsync(c => ControlPlaneEntries.Remove(c, "cp1"), default);
        Assert.Equal(["cp1-cluster"], store.Load().Names(KubeconfigSection.Clusters));
        Assert.Empty(store.Load().Names(KubeconfigSection.Users));
    }
}
