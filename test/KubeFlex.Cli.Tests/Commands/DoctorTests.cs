using System.Text.Json.Nodes;
using KubeFlex.Cli.Tests.Harness;

namespace KubeFlex.Cli.Tests.Commands;

public sealed class DoctorTests : IAsyncLifetime
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
}
