using System.Text.Json.Nodes;
using KubeFlex.Cli.Tests.Harness;
using KubeFlex.Runtime.Kubeconfigs;
using KubeFlex.Testing;

namespace KubeFlex.Cli.Tests.Commands;

public sealed class ControlPlaneCommandsTests : IAsyncLifetime
{
    private FakeApi api = null!;
    private Harness.Cli cli = null!;

    public async ValueTask InitializeAsync()
    {
        api = await FakeApi.StartAsync();
        cli = Harness.Cli.For(api);
    }

    public async ValueTask DisposeAsync()
    {
        cli.Dispose();
        await api.DisposeAsync();
    }

    [Fact]
    public async Task Create_waits_merges_and_switches()
    {
        var result = await cli.RunAsync("create", "team-a");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Empty(result.Out);
        Assert.Equal("k8s", (string?)api.Get($"{FakeApi.ControlPlanes}/team-a")!["spec"]!["type"]);
        var config = cli.Kubeconfig;
        Assert.Equal("team-a", config.CurrentContext);
        Assert.Equal(("team-a-cluster", "team-a-admin", "default"), config.FindContext("team-a"));
        Assert.Equal("team-a", KubeflexExtension.ControlPlaneOf(config, "team-a"));
        Assert.Equal("hosting", KubeflexExtension.HostingContext(config));
        Assert.NotNull(config.FindContext("mine"));

        // From the tenant's context the next one goes to the hosting cluster all the same.
        Assert.Equal(0, (await cli.RunAsync("create", "team-b")).ExitCode);
        Assert.Equal("team-b", cli.Kubeconfig.CurrentContext);
    }

    [Fact]
    public async Task Create_sends_all_hooks_with_their_variables()
    {
        api.Put($"{FakeApi.Hooks}/one", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "one" } });
        api.Put($"{FakeApi.Hooks}/two", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "two" } });
        var result = await cli.RunAsync("create", "a", "-p", "one", "-p", "two", "-e", "x=1=2", "-e", "y=", "-b", "dedicated");
        Assert.True(result.ExitCode == 0, result.Error);
        var spec = api.Get($"{FakeApi.ControlPlanes}/a")!["spec"]!;
        Assert.Equal("""{"type":"k8s","backend":"dedicated","postCreateHooks":[{"hookName":"one","vars":{"x":"1=2","y":""}},{"hookName":"two","vars":{"x":"1=2","y":""}}]}""", spec.ToJsonString());
    }

    [Fact]
    public async Task A_missing_hook_is_refused_before_anything_is_created()
    {
        api.Put($"{FakeApi.Hooks}/hello", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "hello" } });
        var result = await cli.RunAsync("create", "a", "-p", "helo");
        Assert.Equal(ExitCodes.NotFound, result.ExitCode);
        Assert.Contains("\"helo\"", result.Error, StringComparison.Ordinal);
        Assert.Contains("The hooks are: hello", result.Error, StringComparison.Ordinal);
        Assert.Null(api.Get($"{FakeApi.ControlPlanes}/a"));
    }

    [Fact]
    public async Task A_duplicate_says_what_can_be_done()
    {
        await cli.RunAsync("create", "a");
        var result = await cli.RunAsync("create", "a");
        Assert.Equal(ExitCodes.AlreadyExists, result.ExitCode);
        Assert.Contains("kflex ctx a", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_foreign_context_of_that_name_is_not_overwritten()
    {
        var before = File.ReadAllText(cli.KubeconfigFile);
        var result = await cli.RunAsync("create", "mine");
        Assert.Equal(ExitCodes.AlreadyExists, result.ExitCode);
        Assert.Equal(before, File.ReadAllText(cli.KubeconfigFile));
        Assert.Empty(api.Requests);
    }

    [Fact]
    public async Task What_is_waited_for_is_shown_and_in_the_message_when_time_is_up()
    {
        TimePassesWhenTheControlPlaneWasSeen();
        api.Operator = FakeApi.Complain("disk is full");
        var result = await cli.RunAsync("create", "a");
        Assert.Equal(ExitCodes.Timeout, result.ExitCode);
        Assert.Contains("warning: a: disk is full", result.Error, StringComparison.Ordinal);
        Assert.Contains("did not become Ready within 600 s", result.Error, StringComparison.Ordinal);
        Assert.Contains("kflex delete a", result.Error, StringComparison.Ordinal);
        Assert.Null(cli.Kubeconfig.FindContext("a"));
    }

    [Fact]
    public async Task The_step_it_is_at_is_what_is_waited_for()
    {
        TimePassesWhenTheControlPlaneWasSeen();
        api.Operator = WithStatus("""
            {"conditions": [{"type": "Synced", "status": "True", "reason": "ReconcileSuccess", "message": ""},
              {"type": "Ready", "status": "False", "reason": "WaitingForPostCreateHooks", "message": "Waiting for PostCreateHook completion"},
              {"type": "Progressing", "status": "True", "reason": "ApplyingHooks", "message": "0 of 1 hooks are done; under way: \"job\""}]}
            """);
        var result = await cli.RunAsync("create", "a");
        Assert.Equal(ExitCodes.Timeout, result.ExitCode);
        Assert.Contains("become Ready: 0 of 1 hooks are done; under way: \"job\" ...", result.Error, StringComparison.Ordinal);
        Assert.Contains("within 600 s: 0 of 1 hooks are done", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_nobody_can_make_is_not_waited_for()
    {
        api.Operator = WithStatus(Blocked(observed: 3), generation: 3);
        var result = await cli.RunAsync("create", "a", "-t", "k3s");
        Assert.Equal(ExitCodes.Failed, result.ExitCode);
        Assert.Contains("control plane a cannot become Ready: spec.type: not here", result.Error, StringComparison.Ordinal);
        Assert.Contains("kubectl --context hosting edit controlplane a", result.Error, StringComparison.Ordinal);
        Assert.Equal("hosting", cli.Kubeconfig.CurrentContext);
        Assert.Null(cli.Kubeconfig.FindContext("a"));
    }

    [Fact]
    public async Task A_complaint_about_an_older_spec_does_not_end_the_waiting()
    {
        api.Operator = WithStatus(Blocked(observed: 2), generation: 3);
        api.Watching = (hosting, _) => FakeApi.MakeReady(hosting, "PATCH", hosting.Get($"{FakeApi.ControlPlanes}/a")!);
        var result = await cli.RunAsync("create", "a");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal("a", cli.Kubeconfig.CurrentContext);
    }

    [Fact]
    public async Task Hooks_that_failed_are_told_of_a_control_plane_that_is_ready_without_them()
    {
        api.Operator = (hosting, verb, cp) =>
        {
            FakeApi.MakeReady(hosting, verb, cp);
            var ready = hosting.Get($"{FakeApi.ControlPlanes}/a")!;
            ready["status"]!["conditions"]![1] = JsonNode.Parse("""{"type": "Synced", "status": "False", "reason": "ReconcileError", "message": "hooks go in a circle"}""");
            hosting.Put($"{FakeApi.ControlPlanes}/a", ready);
        };
        var result = await cli.RunAsync("create", "a");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains("warning: a: hooks go in a circle", result.Error, StringComparison.Ordinal);
        Assert.Equal("a", cli.Kubeconfig.CurrentContext);
    }

    [Fact]
    public async Task Nothing_is_created_when_the_kubeconfig_cannot_be_written()
    {
        // A directory that cannot be made, also for root: its name is a file's.
        await File.WriteAllTextAsync(Path.Combine(cli.Home, "plain"), "");
        cli.Set("KUBECONFIG", $"{cli.KubeconfigFile}{Path.PathSeparator}{Path.Combine(cli.Home, "plain", "config")}");
        var list = await cli.RunAsync("list", "-v", "1");
        Assert.True(list.ExitCode == 0, list.Error);
        Assert.Contains("the hosting context is not remembered", list.Error, StringComparison.Ordinal);
        var result = await cli.RunAsync("create", "a");
        Assert.Equal(ExitCodes.BadKubeconfig, result.ExitCode);
        Assert.Contains("cannot lock the kubeconfig", result.Error, StringComparison.Ordinal);
        Assert.Null(api.Get($"{FakeApi.ControlPlanes}/a"));
        Assert.Equal(0, (await cli.RunAsync("create", "a", "--wait=none")).ExitCode);
    }

    [Fact]
    public async Task Type_host_makes_the_hosting_context_current()
    {
        var result = await cli.RunAsync("create", "itself", "-t", "host");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal("hosting", cli.Kubeconfig.CurrentContext);
        Assert.Null(cli.Kubeconfig.FindContext("itself"));
        Assert.Equal(0, (await cli.RunAsync("ctx", "itself")).ExitCode);
        Assert.Equal("hosting", cli.Kubeconfig.CurrentContext);
    }

    [Fact]
    public async Task Without_kubeflex_on_the_hosting_cluster_init_is_suggested()
    {
        await cli.RunAsync("config", "set-hosting", "hosting");
        api.ServesControlPlanes = false;
        foreach (var line in new[] { "list", "create a" })
        {
            var result = await cli.RunAsync(line.Split(' '));
            Assert.Equal(ExitCodes.NotFound, result.ExitCode);
            Assert.Contains("kflex init --embedded", result.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Delete_waits_until_the_namespace_is_gone_and_forgets_the_context()
    {
        await cli.RunAsync("create", "a");
        api.Operator = (hosting, verb, cp) =>
        {
            // The object goes at once, its namespace some time later.
            hosting.Remove($"{FakeApi.ControlPlanes}/a");
            _ = Task.Run(() => hosting.Remove("/api/v1/namespaces/a-system"));
        };
        var result = await cli.RunAsync("delete", "a");
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Null(api.Get("/api/v1/namespaces/a-system"));
        var config = cli.Kubeconfig;
        Assert.Equal("hosting", config.CurrentContext);
        Assert.Equal(["hosting", "mine"], config.Names(KubeconfigSection.Contexts));
        Assert.Equal(["hosting", "foreign"], config.Names(KubeconfigSection.Clusters));
        Assert.Equal(["me"], config.Names(KubeconfigSection.Users));
    }

    [Fact]
    public async Task Deleting_what_is_not_there_lists_what_is()
    {
        await cli.RunAsync("create", "a");
        var result = await cli.RunAsync("delete", "a", "b");
        Assert.Equal(ExitCodes.NotFound, result.ExitCode);
        Assert.Contains("There are: a.", result.Error, StringComparison.Ordinal);
        Assert.NotNull(api.Get($"{FakeApi.ControlPlanes}/a"));
    }

    [Fact]
    public async Task Deletes_all_after_a_question_or_by_yes()
    {
        await cli.RunAsync("create", "a");
        await cli.RunAsync("create", "b");
        var no = await cli.RunAsync(["delete", "--all"], "n\n", CancellationToken.None);
        Assert.Equal(ExitCodes.Failed, no.ExitCode);
        Assert.Contains("Delete 2 control planes of context \"hosting\" with all that is in them: a, b?", no.Error, StringComparison.Ordinal);
        Assert.NotNull(api.Get($"{FakeApi.ControlPlanes}/a"));

        Assert.Equal(0, (await cli.RunAsync("delete", "--all", "--yes")).ExitCode);
        Assert.Null(api.Get($"{FakeApi.ControlPlanes}/a"));
        Assert.Null(api.Get($"{FakeApi.ControlPlanes}/b"));
        Assert.Equal(["hosting", "mine"], cli.Kubeconfig.Names(KubeconfigSection.Contexts));
        Assert.Equal("hosting", cli.Kubeconfig.CurrentContext);
    }

    [Fact]
    public async Task An_interrupt_says_what_goes_on_and_forgets_what_is_gone()
    {
        await cli.RunAsync("create", "a");
        await cli.RunAsync("create", "b");
        using var interrupt = new CancellationTokenSource();
        api.Operator = (hosting, verb, cp) =>
        {
            if ((string?)cp["metadata"]!["name"] == "a") FakeApi.MakeReady(hosting, verb, cp);
        };
        // They are waited for in order: what is gone is not watched, and b is when a is gone.
        api.Watching = (_, _) => interrupt.Cancel();
        var result = await cli.RunAsync(["delete", "a", "b"], null, interrupt.Token);
        Assert.Equal(ExitCodes.Interrupted, result.ExitCode);
        Assert.Contains("The deletion of b goes on", result.Error, StringComparison.Ordinal);
        Assert.Null(cli.Kubeconfig.FindContext("a"));
        Assert.NotNull(cli.Kubeconfig.FindContext("b"));
    }

    [Fact]
    public async Task An_interrupt_before_the_server_answered_leaves_open_whether_the_deletion_began()
    {
        await cli.RunAsync("create", "a");
        using var interrupt = new CancellationTokenSource();
        api.Operator = (_, _, _) => interrupt.Cancel();
        var result = await cli.RunAsync(["delete", "a"], null, interrupt.Token);
        Assert.Equal(ExitCodes.Interrupted, result.ExitCode);
        Assert.Contains("The deletion of a may or may not have begun. See: kflex list", result.Error, StringComparison.Ordinal);
        Assert.NotNull(cli.Kubeconfig.FindContext("a"));
    }

    [Fact]
    public async Task Create_takes_a_manifest_which_options_change_and_prints_the_result()
    {
        var file = Path.Combine(cli.Home, "cp.yaml");
        await File.WriteAllTextAsync(file, """
            apiVersion: tenancy.kflex.kubestellar.org/v1alpha1
            kind: ControlPlane
            metadata: {name: from-file, labels: {team: x}}
            spec: {type: vcluster, backend: dedicated, globalVars: {old: "1"}}
            """);
        var result = await cli.RunAsync("create", "-f", file, "--backend", "shared", "--global-var", "new=2", "--runtime", "pods", "--version", "1.34", "--wait=hooks", "-o", "json");
        Assert.True(result.ExitCode == 0, result.Error);
        var made = api.Get($"{FakeApi.ControlPlanes}/from-file")!;
        Assert.Equal("""{"type":"vcluster","backend":"shared","globalVars":{"old":"1","new":"2"},"runtime":"Pods","version":"1.34","waitForPostCreateHooks":true}""", made["spec"]!.ToJsonString());
        Assert.Equal("x", (string?)made["metadata"]!["labels"]!["team"]);
        Assert.Equal("from-file", (string?)JsonNode.Parse(result.Out)!["metadata"]!["name"]);
        Assert.Equal("from-file", cli.Kubeconfig.CurrentContext);

        var other = await cli.RunAsync("create", "b", "-f", file);
        Assert.Equal(ExitCodes.Usage, other.ExitCode);
        Assert.Contains("\"from-file\"", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wait_none_leaves_the_context_alone()
    {
        var result = await cli.RunAsync("create", "a", "--wait=none", "-o", "name");
        Assert.Equal((0, "controlplane.tenancy.kflex.kubestellar.org/a\n"), (result.ExitCode, result.Out));
        Assert.Equal("hosting", cli.Kubeconfig.CurrentContext);
    }

    [Fact]
    public async Task Wait_hooks_is_not_content_with_ready()
    {
        TimePassesWhenTheControlPlaneWasSeen();
        api.Put($"{FakeApi.Hooks}/slow", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "slow" } });
        var result = await cli.RunAsync("create", "a", "-p", "slow", "--wait=hooks", "--timeout", "90s");
        Assert.Equal(ExitCodes.Timeout, result.ExitCode);
        Assert.Contains("its hooks are not done within 90 s: slow", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lists_in_all_formats()
    {
        var empty = await cli.RunAsync("list");
        Assert.Equal((0, ""), (empty.ExitCode, empty.Out));
        Assert.Contains("No control planes found.", empty.Error, StringComparison.Ordinal);

        await cli.RunAsync("create", "a");
        Assert.Equal("NAME   SYNCED   READY   TYPE   AGE\na      True     True    k8s    <unknown>\n", (await cli.RunAsync("list")).Out);
        Assert.Equal("controlplane.tenancy.kflex.kubestellar.org/a\n", (await cli.RunAsync("list", "-o", "name")).Out);
        Assert.Equal("a", (string?)JsonNode.Parse((await cli.RunAsync("list", "-o", "json")).Out)!["items"]![0]!["metadata"]!["name"]);
        Assert.Contains("kind: List", (await cli.RunAsync("list", "-o", "yaml")).Out, StringComparison.Ordinal);
        Assert.Contains("a-system", (await cli.RunAsync("list", "-o", "wide")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kubeconfig_prints_what_the_secret_holds()
    {
        await cli.RunAsync("create", "a");
        var result = await cli.RunAsync("kubeconfig", "a");
        Assert.StartsWith("apiVersion: v1", result.Out, StringComparison.Ordinal);
        Assert.Empty(result.Error);
    }

    [Fact]
    public async Task An_explicit_kubeconfig_is_used_by_every_step()
    {
        var other = Path.Combine(cli.Home, "other");
        File.Copy(cli.KubeconfigFile, other);
        var before = File.ReadAllText(cli.KubeconfigFile);
        cli.Set("KUBECONFIG", cli.KubeconfigFile);
        Assert.Equal(0, (await cli.RunAsync("create", "a", "-k", other)).ExitCode);
        Assert.Equal("a\n", (await cli.RunAsync("-k", other, "ctx", "get")).Out);
        Assert.Equal(before, File.ReadAllText(cli.KubeconfigFile));
    }

    // Time that passes by itself would be too short on a busy machine, or too long on any other.
    private void TimePassesWhenTheControlPlaneWasSeen()
    {
        var time = new ManualTime();
        cli.Time = time;
        api.Watching = (_, _) => time.Advance(TimeSpan.FromHours(1));
    }

    private static Action<FakeApi, string, JsonObject> WithStatus(string status, int generation = 1) => (hosting, _, cp) =>
    {
        cp["metadata"]!["generation"] = generation;
        cp["status"] = JsonNode.Parse(status);
        hosting.Put($"{FakeApi.ControlPlanes}/{cp["metadata"]!["name"]}", cp);
    };

    private static string Blocked(int observed) => $$"""
        {"observedGeneration": {{observed}},
         "conditions": [{"type": "Ready", "status": "False", "reason": "Unavailable", "message": ""},
          {"type": "Synced", "status": "False", "reason": "ReconcileError", "message": "spec.type: not here"},
          {"type": "Progressing", "status": "False", "reason": "Blocked", "message": ""}]}
        """;
}
