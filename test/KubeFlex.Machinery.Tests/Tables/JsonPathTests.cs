using System.Text.Json.Nodes;
using KubeFlex.Machinery.Tables;

namespace KubeFlex.Machinery.Tests.Tables;

public class JsonPathTests
{
    private static readonly JsonNode Document = JsonNode.Parse("""
        {"a":{"b":[1,2,3],"x.y":"dotted","n":null},"items":[{"type":"Ready","status":"True","n":1},{"type":"Other","status":"False","n":5}]}
        """)!;

    [Theory]
    [InlineData(".a.b[0]", "1")]
    [InlineData("{.a.b[-1]}", "3")]
    [InlineData("$.a['x.y']", "\"dotted\"")]
    [InlineData(".a.x\\.y", "\"dotted\"")]
    [InlineData(".a.b[*]", "1,2,3")]
    [InlineData(".a.b[0:2]", "1,2")]
    [InlineData(".a.b[0,2]", "1,3")]
    [InlineData(".items[?(@.type==\"Ready\")].status", "\"True\"")]
    [InlineData(".items[?(@.type=='Other')].n", "5")]
    [InlineData(".items[?(@.n>1)].type", "\"Other\"")]
    [InlineData(".items[*].n", "1,5")]
    [InlineData("..status", "\"True\",\"False\"")]
    [InlineData(".a.n", "null")]
    [InlineData(".a.none.more", "")]
    [InlineData(".a.b[9]", "")]
    public void Finds(string path, string expected)
    {
        var parsed = JsonPath.Parse(path, out var error);
        Assert.True(parsed is not null, error);
        Assert.Equal(expected, string.Join(',', parsed.Find(Document).Select(n => n?.ToJsonString() ?? "null")));
    }

    [Theory]
    [InlineData(".a[")]
    [InlineData(".a[x]")]
    [InlineData(".a[0:1:0]")]
    [InlineData(".a[?(@.b==)]")]
    public void Refuses(string path)
    {
        Assert.Null(JsonPath.Parse(path, out var error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public void Any_member_name_can_be_reached_quoted_and_escaped()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var name = new string([.. Enumerable.Range(0, 1 + random.Next(8)).Select(_ => "ab.-_/[]*@$1"[random.Next(12)])]);
            var document = new JsonObject { ["m"] = new JsonObject { [name] = seed } };
            var escaped = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) ? c.ToString() : "\\" + c));
            foreach (var path in new[] { $".m['{name}']", $".m.{escaped}" })
            {
                var parsed = JsonPath.Parse(path, out var error);
                Assert.True(parsed is not null && parsed.TryFirst(document, out var value) && (int)value! == seed, $"seed {seed}: {path} {error}");
            }
        }
    }
}
