using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Cli;

public sealed class ControlPlaneTests(SharedServer shared)
{
    private string NewKubeconfig()
    {
        var file = Path.Combine(shared.Server.Home, $"{Guid.NewGuid():N}.kubeconfig");
        File.Copy(shared.Server.AdminKubeconfig, file);
        return file;
    }

    private Task<CommandResult> KflexAsync(string kubeconfig, params string[] args) =>
        Command.RunAsync(Repository.Cli, ["--kubeconfig", kubeconfig, .. args], shared.Server.Environment);

    [Fact]
    public async Task Create_list_switch_and_delete()
    {
        var config = NewKubeconfig();
        (await KflexAsync(config, "create", "cli-one")).Ok();
        var list = (await KflexAsync(config, "ctx")).Ok();
        Assert.Equal("kubeflex-hosting", (await shared.Server.KubectlAsync(config, null, "config", "current-context")).Ok());
        list = (await KflexAsync(config, "list")).Ok();
        Assert.Equal(["NAME", "SYNCED", "READY", "TYPE", "AGE"], list.Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Matches(@"cli-one +True +True +k8s ", list);
        (await KflexAsync(config, "ctx", "cli-one")).Ok();
        (await shared.Server.KubectlAsync(config, null, "get", "namespaces")).Ok();
        (await KflexAsync(config, "delete", "cli-one")).Ok();
        Assert.Equal("kubeflex-hosting", (await shared.Server.KubectlAsync(config, null, "config", "current-context")).Ok());
        Assert.DoesNotContain("cli-one", await File.ReadAllTextAsync(config), StringComparison.Ordinal);
        (await shared.Server.KubectlAsync(config, null, "get", "namespace", "cli-one-system")).Fails();
        (await shared.Server.KubectlAsync(config, null, "get", "controlplane", "cli-one")).Fails();

        // The same name again is a new control plane, with nothing of the old one.
        (await KflexAsync(config, "create", "cli-one")).Ok();
        (await KflexAsync(config, "ctx")).Ok();
        (await KflexAsync(config, "delete", "cli-one")).Ok();
    }

    [Fact]
    public async Task Bad_input_is_refused_with_the_way_out_and_leaves_nothing()
    {
        var config = NewKubeconfig();
        Assert.Contains("Not_Valid", (await KflexAsync(config, "create", "Not_Valid")).Fails(), StringComparison.Ordinal);
        Assert.Contains("kubeflex", (await KflexAsync(config, "create", "kubeflex")).Fails(), StringComparison.Ordinal);
        var type = (await KflexAsync(config, "create", "typo", "-t", "k9s")).Fails();
        Assert.Contains("k9s", type, StringComparison.Ordinal);
        Assert.Contains("vcluster", type, StringComparison.Ordinal);
        Assert.Contains("nohook", (await KflexAsync(config, "create", "hooked", "-p", "nohook")).Fails(), StringComparison.Ordinal);
        (await shared.Server.KubectlAsync(config, null, "get", "controlplane", "hooked", "typo")).Fails();
        (await KflexAsync(config, "create", "twice")).Ok();
        (await KflexAsync(config, "ctx")).Ok();
        Assert.Contains("already exists", (await KflexAsync(config, "create", "twice")).Fails(), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("nobody", (await KflexAsync(config, "delete", "nobody")).Fails(), StringComparison.Ordinal);
        Assert.Contains("nobody", (await KflexAsync(config, "ctx", "nobody")).Fails(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_corrupt_kubeconfig_is_never_overwritten()
    {
        var config = NewKubeconfig();
        const string Corrupt = "apiVersion: v1\nclusters: [this is: not {yaml";
        await File.WriteAllTextAsync(config, Corrupt);
        var said = (await KflexAsync(config, "create", "never")).Fails();
        Assert.Contains(config, said, StringComparison.Ordinal);
        Assert.Equal(Corrupt, await File.ReadAllTextAsync(config));
    }

    [Fact]
    public async Task Hooks_run_with_their_variables()
    {
        var config = NewKubeconfig();
        (await shared.Server.KubectlAsync(config, """
            apiVersion: tenancy.kflex.kubestellar.org/v1alpha1
            kind: PostCreateHook
            metadata: {name: hello, labels: {mylabelkey: mylabelvalue}}
            spec:
              defaultVars:
              - {name: MESSAGE, value: Hello}
              templates:
              - apiVersion: v1
                kind: ConfigMap
                metadata: {name: "{{.HookName}}-greeting"}
                data: {text: "{{.MESSAGE}} from {{.ControlPlaneName}} in {{.Namespace}}"}
              - apiVersion: apiextensions.k8s.io/v1
                kind: CustomResourceDefinition
                metadata: {name: greetings.hooks.example.com}
                spec:
                  group: hooks.example.com
                  scope: Namespaced
                  names: {plural: greetings, kind: Greeting}
                  versions:
                  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
            """, "apply", "-f", "-")).Ok();
        (await KflexAsync(config, "create", "with-hook", "-p", "hello", "-e", "MESSAGE=Quotes \"and\" all")).Ok();
        (await KflexAsync(config, "ctx")).Ok();
        (await shared.Server.KubectlAsync(config, null, "wait", "controlplane/with-hook", "--for=jsonpath={.status.postCreateHooks.hello}=true", "--timeout=150s")).Ok();
        Assert.Equal("Quotes \"and\" all from with-hook in with-hook-system", (await shared.Server.KubectlAsync(config, null, "get", "configmap", "hello-greeting",
            "-n", "with-hook-system", "-o", "jsonpath={.data.text}")).Ok());
        (await shared.Server.KubectlAsync(config, null, "wait", "crd/greetings.hooks.example.com", "--for=condition=Established", "--timeout=150s")).Ok();
        Assert.Equal("mylabelvalue", (await shared.Server.KubectlAsync(config, null, "get", "controlplane", "with-hook", "-o", "jsonpath={.metadata.labels.mylabelkey}")).Ok());
        (await KflexAsync(config, "delete", "with-hook")).Ok();
        (await shared.Server.KubectlAsync(config, null, "wait", "crd/greetings.hooks.example.com", "--for=delete", "--timeout=150s")).Ok();
    }

    [Fact]
    public async Task A_host_control_plane_is_the_hosting_cluster_itself()
    {
        var config = NewKubeconfig();
        (await KflexAsync(config, "create", "hosted", "-t", "host")).Ok();
        (await KflexAsync(config, "ctx", "hosted")).Ok();
        (await shared.Server.KubectlAsync(config, null, "get", "controlplanes")).Ok();
        (await KflexAsync(config, "ctx")).Ok();
        (await KflexAsync(config, "delete", "hosted")).Ok();
    }
}
