using KubeFlex.Server.Configuration;

namespace KubeFlex.Server.Tests.Configuration;

public sealed class ServerOptionsTests
{
    private static (ServerOptions? Options, IReadOnlyList<string> Errors) Parse(string? home, params string[] args) =>
        ServerOptions.Parse(args, name => name == "KUBEFLEX_HOME" ? home : null);

    [Fact]
    public void Defaults_are_loopback_9443_and_the_home_directory()
    {
        var options = Parse(null).Options!;
        Assert.Equal("127.0.0.1:9443", options.Listen.ToString());
        Assert.Equal("localtest.me", options.Domain);
        Assert.EndsWith(".kubeflex", options.DataDirectory, StringComparison.Ordinal);
        Assert.Equal("/srv/kf", Parse("/srv/kf").Options!.DataDirectory);
        Assert.Equal("/else", Parse("/srv/kf", "--data-dir", "/else").Options!.DataDirectory);
    }

    [Theory]
    [InlineData("--listen", "0.0.0.0:0", "0.0.0.0:0"), InlineData("--listen", "[::1]:8443", "[::1]:8443"), InlineData("--listen", "localhost:1", "127.0.0.1:1")]
    public void Addresses_are_read(string name, string value, string expected)
    {
        Assert.Equal(expected, Parse(null, name, value).Options!.Listen.ToString());
        Assert.Equal(expected, Parse(null, $"{name}={value}").Options!.Listen.ToString());
    }

    [Theory]
    [InlineData("--listen 0.0.0.0:9443 --datastore postgres://u@db/k", "--advertise-url https://HOST:9443")]
    [InlineData("--advertise-url http://a:1", "https://server1.example.com:9443"), InlineData("--advertise-url https://a:1/path", "https://server1.example.com:9443")]
    [InlineData("--advertise-url a:1", "https://server1.example.com:9443"), InlineData("--advertise-url https://u:p@a:1", "https://server1.example.com:9443")]
    [InlineData("--advertise-url https://cp1.localtest.me:9443", "is a control plane's")]
    public void An_address_that_others_cannot_use_is_refused(string line, string expected) =>
        Assert.Contains(Parse(null, line.Split(' ')).Errors, error => error.Contains(expected, StringComparison.Ordinal));

    [Fact]
    public void An_address_for_others_is_read()
    {
        var options = Parse(null, "--listen", "0.0.0.0:9443", "--datastore", "postgres://u@db/k", "--advertise-url", "https://server1.example.com:9443/").Options!;
        Assert.Equal("https://server1.example.com:9443", options.AdvertiseUrl);
        Assert.True(options.Shares);
        Assert.Null(Parse(null, "--listen", "0.0.0.0:9443").Options!.AdvertiseUrl);
        Assert.False(Parse(null, "--datastore", "sqlite:a").Options!.Shares);
    }

    [Theory]
    [InlineData("--listen 127.0.0.1", "127.0.0.1:9443"), InlineData("--listen :99999", "free port"), InlineData("--domain a_b", "localtest.me")]
    [InlineData("--nope", "expected --data-dir"), InlineData("--listen", "needs a value")]
    public void Errors_name_the_flag_and_what_would_be_right(string line, string hint)
    {
        var args = line.Split(' ');
        var error = Assert.Single(Parse(null, args).Errors);
        Assert.Contains(args[0], error, StringComparison.Ordinal);
        Assert.Contains(hint, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Stock_binaries_are_where_the_flag_or_the_variable_says()
    {
        static ServerOptions Read(string? variable, params string[] args) => ServerOptions.Parse(args, name => name == "KUBEBUILDER_ASSETS" ? variable : null).Options!;
        Assert.Null(Read(null).BinaryAssets);
        Assert.Equal(("/usr/bin", "KUBEBUILDER_ASSETS"), (Read("/usr/bin").BinaryAssets, Read("/usr/bin").BinaryAssetsSource));
        Assert.Equal(("/usr", "--binary-assets-dir"), (Read("/usr/bin", "--binary-assets-dir", "/usr").BinaryAssets, Read("/usr/bin", "--binary-assets-dir", "/usr").BinaryAssetsSource));
        Assert.Contains("--binary-assets-dir \"/not/there\" is no directory", Assert.Single(Parse(null, "--binary-assets-dir", "/not/there").Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void All_errors_are_told_at_once() => Assert.Equal(3, Parse(null, "--listen", "x", "--domain", "-", "--what").Errors.Count);
}
