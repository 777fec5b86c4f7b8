using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;
using YamlDotNet.RepresentationModel;

namespace KubeFlex.Machinery.Tests.Json;

public class YamlWriterTests
{
    [Fact]
    public void Documents_look_as_kubectl_writes_them()
    {
        var node = JsonNode.Parse("""{"kind":"X","spec":{"args":["--a=b","yes"],"ports":[{"port":80,"name":"http"},[1,[]]],"none":null,"empty":{},"ip":"10.0.0.1","script":"#!/bin/sh\necho hi\n"}}""");
        Assert.Equal("""
            kind: X
            spec:
              args:
              - --a=b
              - "yes"
              ports:
              - port: 80
                name: http
              - - 1
                - []
              none: null
              empty: {}
              ip: 10.0.0.1
              script: |
                #!/bin/sh
                echo hi

            """.ReplaceLineEndings("\n"), YamlWriter.Write(node));
    }

    [Fact]
    public void What_is_written_reads_back_the_same()
    {
        for (var seed = 0; seed < 3000; seed++)
        {
            var node = new RandomJson(seed).Object(4);
            var yaml = YamlWriter.Write(node);
            var read = ObjectReader.ReadYaml(Encoding.UTF8.GetBytes(yaml));
            Assert.True(read.Error is null, $"seed {seed}: {read.Error?.Message}\n{yaml}");
            Assert.True(JsonNode.DeepEquals(node, read.Value.Object), $"seed {seed}\n{yaml}\n{node.ToJsonString()}\n{read.Value.Object.ToJsonString()}");
        }
    }

    [Theory]
    [InlineData("0o17")]
    [InlineData("12:30")]
    [InlineData("2024-01-02")]
    [InlineData("1e3")]
    [InlineData(".5")]
    [InlineData("=")]
    [InlineData("~")]
    public void Strings_that_some_reader_takes_for_something_else_are_quoted(string text) => Assert.Equal($"\"{text}\"\n", YamlWriter.Write(text));

    [Fact]
    public void Another_reader_understands_it_too()
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(YamlWriter.Write(new RandomJson(7).Object(5))));
        Assert.Single(stream.Documents);
    }
}
