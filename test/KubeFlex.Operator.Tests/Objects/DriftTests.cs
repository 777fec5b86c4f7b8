using System.Text.Json.Nodes;
using KubeFlex.Operator.Objects;

namespace KubeFlex.Operator.Tests.Objects;

public sealed class DriftTests
{
    [Theory]
    [InlineData("""{"a":1,"default":true}""", """{"a":1}""", true)]
    [InlineData("""{"a":2}""", """{"a":1}""", false)]
    [InlineData("""{}""", """{"a":1}""", false)]
    [InlineData("""{}""", """{"a":{},"b":[]}""", true)]
    [InlineData("""{"containers":[{"name":"istio"},{"name":"x","image":"i","pull":"Always"}]}""", """{"containers":[{"name":"x","image":"i"}]}""", true)]
    [InlineData("""{"containers":[{"name":"x","image":"j"}]}""", """{"containers":[{"name":"x","image":"i"}]}""", false)]
    [InlineData("""{"args":["a","b","c"]}""", """{"args":["a","b"]}""", false)]
    [InlineData("""{"args":["b","a"]}""", """{"args":["a","b"]}""", false)]
    [InlineData("""{"ports":[{"port":443,"nodePort":30001}]}""", """{"ports":[{"port":443}]}""", true)]
    [InlineData("""{"limits":{"cpu":"1"}}""", """{"limits":{"cpu":"1000m"}}""", true)]
    [InlineData("""{"limits":{"cpu":"1"}}""", """{"limits":{"cpu":"1001m"}}""", false)]
    [InlineData("""{"x":{"cpu":"1"}}""", """{"x":{"cpu":"1000m"}}""", false)]
    [InlineData("""{"a":"1"}""", """{"a":1}""", false)]
    public void What_is_there_covers_what_is_asked_for(string live, string desired, bool expected) =>
        Assert.Equal(expected, Drift.Covers(JsonNode.Parse(live), JsonNode.Parse(desired)));
}
