using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Registry;

namespace KubeFlex.ApiServer.Tests.Registry;

public sealed class ObjectBytesTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("\\\"resourceVersion\\\":\\\"9\\\"")]
    public void TheVersionStandsWhereTheStorePutsIt(string name)
    {
        var obj = JsonNode.Parse($$"""{"data":{"resourceVersion":"x"},"metadata":{"labels":{"resourceVersion":"7"},"name":"{{name}}"},"apiVersion":"v1","kind":"ConfigMap"}""")!.AsObject();
        var (value, at) = ObjectBytes.Encode(obj);
        var stored = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(value).Insert(Encoding.UTF8.GetString(value, 0, at).Length, "42"));
        Assert.Equal("42", (string?)ObjectBytes.Parse(stored)["metadata"]!["resourceVersion"]);
        var moved = ObjectBytes.Parse(ObjectBytes.WithVersion(stored, 12345));
        Assert.Equal("12345", (string?)moved["metadata"]!["resourceVersion"]);
        Assert.Equal("7", (string?)moved["metadata"]!["labels"]!["resourceVersion"]);
        Assert.StartsWith("{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{", Encoding.UTF8.GetString(stored), StringComparison.Ordinal);
    }
}
