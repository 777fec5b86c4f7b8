using System.Text.Json.Nodes;
using KubeFlex.Cli.Tests.Harness;

namespace KubeFlex.Cli.Tests.Commands;

public sealed class DoctorAndLogsTests : IAsyncLifetime
{
    private FakeApi api = null!;
    private Harness.Cli cli = null!;
    private string data = null!;

    public async ValueTask InitializeAsync()
    {
        api = await FakeApi.StartAsync();
        cli = Harness.Cli.For(api);
        data = Path.Combine(cli.Home, "data");
        cli.Set("KUBEFLEX_HOME", data);
        await cli.RunAsync("create", "a");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(cli.KubeconfigFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        api.Put("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/controlplanes.tenancy.kflex.kubestellar.org", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "controlplanes.tenancy.kflex.kubestellar.org" },
        });
    }

    public async ValueTask DisposeAsync()
    {
        cli.Dispose();
        await api.DisposeAsync();
    }

    [Fact]
    public async Task Doctor_is_content_when_all_is_well_and_names_what_is_old()
    {
        var result = await cli.RunAsync("doctor", "-o", "json");
        Assert.True(result.ExitCode == 0, result.Out + result.Error);
        var checks = JsonNode.Parse(result.Out)!["checks"]!.AsArray();
        string? Status(string check) => (string?)checks.First(c => (string?)c!["check"] == check)!["status"];
        foreach (var check in new[] { "kubeconfig", "hosting context", "hosting server", "versions", "operator", "control planes", "certificates", "ports", "data directory" })
            Assert.Equal("ok", Status(check));
        // The stand-in's definition has no fields at all.
        Assert.Equal("warning", Status("definitions"));
    }

    [Fact]
    public async Task Doctor_finds_a_missing_operator_and_a_sick_control_plane()
    {
        api.IsOurs = false;
        api.Operator = FakeApi.Complain("disk is full");
        await cli.RunAsync("create", "b", "--wait=none");
        var result = await cli.RunAsync("doctor");
        Assert.Equal(ExitCodes.Failed, result.ExitCode);
        Assert.Contains("✘ operator: there is no deployment kubeflex-system/kubeflex-controller-manager", result.Out, StringComparison.Ordinal);
        Assert.Contains("✘ control planes: b: disk is full\n    kflex describe b\n", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_explains_a_dead_server()
    {
        cli.WriteKubeconfig(File.ReadAllText(cli.KubeconfigFile).Replace(api.Url, "http://127.0.0.1:1", StringComparison.Ordinal));
        var result = await cli.RunAsync("doctor");
        Assert.Equal(ExitCodes.Failed, result.ExitCode);
        Assert.Contains("✘ hosting server: cannot reach the server http://127.0.0.1:1/", result.Out, StringComparison.Ordinal);
        Assert.Contains("✘ ports: 127.0.0.1:1", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_of_an_in_process_control_plane_are_the_servers_lines_about_it()
    {
        var elsewhere = await cli.RunAsync("logs", "a");
        Assert.Equal(ExitCodes.NotFound, elsewhere.ExitCode);
        Assert.Contains("--data-dir", elsewhere.Error, StringComparison.Ordinal);

        Directory.CreateDirectory(data);
        await File.WriteAllTextAsync(Path.Combine(data, "server.json"), new JsonObject { ["url"] = api.Url, ["pid"] = 999999 }.ToJsonString());
        await File.WriteAllTextAsync(Path.Combine(data, "server.log"), "one a two\nab\nteam-a\nnamespace a-system\nx /controlplanes/a/api\n");
        var result = await cli.RunAsync("logs", "a");
        Assert.Equal("one a two\nnamespace a-system\nx /controlplanes/a/api\n", result.Out);
        Assert.Equal("x /controlplanes/a/api\n", (await cli.RunAsync("logs", "a", "--tail", "1")).Out);
    }

    [Fact]
    public async Task Logs_of_child_processes_come_from_the_server()
    {
        api.Put("/apis/tenancy.kflex.kubestellar.org/v1alpha1/controlplanes/a", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "a" },
            ["spec"] = new JsonObject { ["type"] = "k8s", ["runtime"] = "Process" },
        });
        var missing = await cli.RunAsync("logs", "a");
        Assert.Equal(ExitCodes.NotFound, missing.ExitCode);
        Assert.Contains("the server has no logs of control plane a", missing.Error, StringComparison.Ordinal);
        api.Texts["/kubeflex/controlplanes/a/logs"] = "[kube-apiserver] one\n[kube-controller-manager] two\n";
        Assert.Equal("[kube-apiserver] one\n[kube-controller-manager] two\n", (await cli.RunAsync("logs", "a", "--tail", "7", "--component", "kube-apiserver", "-f")).Out);
    }

    [Fact]
    public async Task Logs_of_pods_bear_their_names()
    {
        foreach (var pod in new[] { "kube-apiserver-1", "my-job", "coredns-x-kube-system-x-vcluster" })
        {
            api.Put($"/api/v1/namespaces/a-system/pods/{pod}", new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = pod },
                ["spec"] = new JsonObject { ["containers"] = new JsonArray(new JsonObject { ["name"] = "kine" }, new JsonObject { ["name"] = "main" }) },
            });
        }
        api.Texts["/api/v1/namespaces/a-system/pods/kube-apiserver-1/log"] = "hello\n";
        Assert.Equal("[kube-apiserver-1/kine] hello\n[kube-apiserver-1/main] hello\n", (await cli.RunAsync("logs", "a")).Out);
        api.Texts["/api/v1/namespaces/a-system/pods/my-job/log"] = "job\n";
        Assert.Equal("[my-job/kine] job\n[my-job/main] job\n", (await cli.RunAsync("logs", "a", "--component", "my-job")).Out);
    }
}
