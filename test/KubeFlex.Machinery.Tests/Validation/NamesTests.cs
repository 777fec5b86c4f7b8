using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.Tests.Validation;

public class NamesTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("a.b-c.0", true)]
    [InlineData("A", false)]
    [InlineData("-a", false)]
    [InlineData("a..b", false)]
    [InlineData("a\n", false)]
    [InlineData("", false)]
    public void Subdomains(string name, bool valid) => Assert.Equal(valid, Names.DnsSubdomain(name).Count == 0);

    [Fact]
    public void Messages_are_upstreams() => Assert.Equal(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character "
        + "(e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        Assert.Single(Names.DnsLabel("Nope")));

    [Fact]
    public void Long_names_say_so() => Assert.Equal("must be no more than 63 bytes", Assert.Single(Names.DnsLabel(new string('a', 64))));

    [Theory]
    [InlineData("app", 0)]
    [InlineData("example.com/app", 0)]
    [InlineData("/app", 1)]
    [InlineData("a/b/c", 1)]
    [InlineData("Example.com/app", 1)]
    [InlineData("example.com/", 2)]
    public void Qualified_names(string name, int errors) => Assert.Equal(errors, Names.QualifiedName(name).Count);

    [Theory]
    [InlineData("http", 0)]
    [InlineData("8080", 1)]
    [InlineData("a--b", 1)]
    [InlineData("-a", 1)]
    [InlineData("a-name-that-is-too-long", 1)]
    public void Port_names(string name, int errors) => Assert.Equal(errors, Names.PortName(name).Count);

    [Theory]
    [InlineData("system:node", 0)]
    [InlineData("a/b", 1)]
    [InlineData("..", 1)]
    public void Path_segments(string name, int errors) => Assert.Equal(errors, Names.PathSegment(name).Count);
}
