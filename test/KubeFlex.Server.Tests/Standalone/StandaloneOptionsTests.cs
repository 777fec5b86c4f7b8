using KubeFlex.Server.Standalone;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Server.Tests.Standalone;

public sealed class StandaloneOptionsTests
{
    [Fact]
    public void Defaults_are_those_of_the_manager()
    {
        var options = StandaloneOptions.Parse([]).Options!;
        Assert.Equal(("[::]:8080", "[::]:8081", false, LogLevel.Information), (options.Metrics!.ToString(), options.Health!.ToString(), options.LeaderElect, options.LogLevel));
        Assert.True(options.InstallCrds);
    }

    [Fact]
    public void The_managers_command_line_is_understood()
    {
        var (options, errors) = StandaloneOptions.Parse(["--leader-elect", "--metrics-bind-address=127.0.0.1:8080", "-health-probe-bind-address", ":8082", "--zap-log-level=4",
            "--zap-devel=false", "--zap-encoder", "json", "--zap-time-encoding=iso8601", "--zap-stacktrace-level=error", "--install-crds=false", "--workers=3", "--kubeconfig=/k", "--context", "c"]);
        Assert.Empty(errors);
        Assert.Equal(("127.0.0.1:8080", "[::]:8082", true, LogLevel.Debug, true, false, 3, "/k", "c"), (options!.Metrics!.ToString(), options.Health!.ToString(), options.LeaderElect,
            options.LogLevel, options.JsonLog, options.InstallCrds, options.Workers, options.Kubeconfig, options.Context));
        Assert.Null(StandaloneOptions.Parse(["--metrics-bind-address=0"]).Options!.Metrics);
        Assert.Equal("127.0.0.1:0", StandaloneOptions.Parse(["--health-probe-bind-address=localhost:0"]).Options!.Health!.ToString());
    }

    [Theory]
    [InlineData("unknown argument \"--frobnicate\"", "--frobnicate")]
    [InlineData("unknown argument \"stray\"", "stray")]
    [InlineData("--kubeconfig needs a value", "--kubeconfig")]
    [InlineData("--metrics-bind-address \"8080\" is no address and port", "--metrics-bind-address=8080")]
    [InlineData("--metrics-bind-address \"1.2.3.4\" is no address and port", "--metrics-bind-address=1.2.3.4")]
    [InlineData("are the same", "--metrics-bind-address=:1", "--health-probe-bind-address=:1")]
    [InlineData("--leader-elect \"maybe\"", "--leader-elect=maybe")]
    [InlineData("--zap-log-level \"loud\"", "--zap-log-level=loud")]
    [InlineData("--zap-encoder \"xml\"", "--zap-encoder=xml")]
    [InlineData("--workers \"0\"", "--workers=0")]
    public void Mistakes_are_named(string message, params string[] args)
    {
        var (options, errors) = StandaloneOptions.Parse(args);
        Assert.Null(options);
        Assert.Contains(message, Assert.Single(errors), StringComparison.Ordinal);
    }
}
