using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Json;

namespace KubeFlex.Machinery.Tests.Json;

public class ObjectReaderTests
{
    [Theory]
    [InlineData("{not json", "invalid character 'n' looking for beginning of object key string")]
    [InlineData("", "unexpected end of JSON input")]
    [InlineData("{", "unexpected end of JSON input")]
    [InlineData("{\"a\":", "unexpected end of JSON input")]
    [InlineData("not a list", "invalid character 'o' in literal null (expecting 'u')")]
    [InlineData("[]", "json: cannot unmarshal array into Go value of type map[string]interface {}")]
    [InlineData("3", "json: cannot unmarshal number into Go value of type map[string]interface {}")]
    [InlineData("\"x\"", "json: cannot unmarshal string into Go value of type map[string]interface {}")]
    [InlineData("true", "json: cannot unmarshal bool into Go value of type map[string]interface {}")]
    [InlineData("{\"a\" 1}", "invalid character '1' after object key")]
    [InlineData("{\"a\":1 2}", "invalid character '2' after object key:value pair")]
    [InlineData("{\"a\":1,}", "invalid character '}' looking for beginning of object key string")]
    [InlineData("{\"a\":[1 2]}", "invalid character '2' after array element")]
    [InlineData("{\"a\":[1,]}", "invalid character ']' looking for beginning of value")]
    [InlineData("{}x", "invalid character 'x' after top-level value")]
    [InlineData("{\"a\":01}", "invalid character '1' after object key:value pair")]
    [InlineData("{\"a\":-x}", "invalid character 'x' in numeric literal")]
    [InlineData("{\"a\":1.x}", "invalid character 'x' after decimal point in numeric literal")]
    [InlineData("{\"a\":1ex}", "invalid character 'x' in exponent of numeric literal")]
    [InlineData("{\"a\":\"\\q\"}", "invalid character 'q' in string escape code")]
    [InlineData("{\"a\":\"\\u00g0\"}", "invalid character 'g' in \\u hexadecimal character escape")]
    [InlineData("{\"a\":\"\n\"}", "invalid character '\\n' in string literal")]
    [InlineData("\u00e9", "invalid character 'Ã' looking for beginning of value")]
    public void Broken_json_is_answered_in_gos_words(string body, string message)
    {
        var error = ObjectReader.ReadJson(Encoding.UTF8.GetBytes(body)).Error!;
        Assert.Equal((400, message), (error.Code, error.Message));
    }

    [Theory]
    [InlineData("{not json", "couldn't get version/kind; json parse error: invalid character 'n' looking for beginning of object key string ({not json)")]
    [InlineData("", "couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)")]
    [InlineData("[]", "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" } (5b5d)")]
    public void A_created_body_that_does_not_parse_is_unrecognized(string body, string rest)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var error = ObjectReader.Unrecognized("ConfigMap", ObjectReader.ReadJson(bytes).Error!.Message, bytes);
        Assert.Equal("the object provided is unrecognized (must be of type ConfigMap): " + rest, error.Message);
    }

    [Fact]
    public void Of_equal_members_the_last_wins_and_each_path_is_reported_once()
    {
        var read = ObjectReader.ReadJson("""{"data":{"a":"1","a":"2","a":"3"},"spec":{"containers":[{},{"name":1,"name":2}]},"x":1,"x":2}"""u8).Value;
        Assert.Equal(["data.a", "spec.containers[1].name", "x"], read.Duplicates);
        Assert.Equal("duplicate field \"data.a\"", read.StrictErrors[0]);
        Assert.Equal("""{"data":{"a":"3"},"spec":{"containers":[{},{"name":2}]},"x":2}""", Encoding.UTF8.GetString(KubeJson.ToUtf8(read.Object)));
    }

    [Fact]
    public void Numbers_keep_their_text_and_strings_survive_broken_surrogates_and_utf8()
    {
        var text = """{"a":9223372036854775807,"b":12345678901234567890123,"c":1.50}""";
        Assert.Equal(text, Encoding.UTF8.GetString(KubeJson.ToUtf8(ObjectReader.ReadJson(Encoding.UTF8.GetBytes(text)).Value.Object)));
        Assert.Equal("\ufffdx", ObjectReader.ReadJson("{\"a\":\"\\ud800x\"}"u8).Value.Object["a"]!.GetValue<string>());
        byte[] broken = [.. "{\"a\":\""u8, 0xff, .. "\"}"u8];
        Assert.Equal("\ufffd", ObjectReader.ReadJson(broken).Value.Object["a"]!.GetValue<string>());
    }

    [Fact]
    public void Bottomless_nesting_is_refused()
    {
        var text = string.Concat(Enumerable.Repeat("{\"a\":", 5000)) + "1" + new string('}', 5000);
        Assert.Equal("exceeded max depth", ObjectReader.ReadJson(Encoding.UTF8.GetBytes(text)).Error!.Message);
        Assert.Equal("yaml: exceeded max depth of 512", ObjectReader.ReadYaml(Encoding.UTF8.GetBytes(new string('[', 5000))).Error!.Message.Replace("error converting YAML to JSON: ", "", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a: yes", "true")]
    [InlineData("a: y", "true")]
    [InlineData("a: Off", "false")]
    [InlineData("a: 010", "8")]
    [InlineData("a: 0o17", "15")]
    [InlineData("a: 0x1F", "31")]
    [InlineData("a: 08", "8")]
    [InlineData("a: 1_000", "1000")]
    [InlineData("a: +12", "12")]
    [InlineData("a: 1.0", "1")]
    [InlineData("a: 1e3", "1000")]
    [InlineData("a: 1e300", "1e+300")]
    [InlineData("a: .5", "0.5")]
    [InlineData("a: 9223372036854775807", "9223372036854775807")]
    [InlineData("a: ~", "null")]
    [InlineData("a:", "null")]
    [InlineData("a: 2024-01-02", "\"2024-01-02\"")]
    [InlineData("a: 12:30:45", "\"12:30:45\"")]
    [InlineData("a: '1'", "\"1\"")]
    [InlineData("a: !!str 1", "\"1\"")]
    [InlineData("a: !!int \"1\"", "1")]
    [InlineData("a: !!binary aGk=", "\"hi\"")]
    [InlineData("a: |\n  one\n  two\n", "\"one\\ntwo\\n\"")]
    [InlineData("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3", "{\"b\":1,\"c\":2}")]
    public void Yaml_scalars_follow_yaml_1_1(string yaml, string expected)
    {
        var read = ObjectReader.ReadYaml(Encoding.UTF8.GetBytes(yaml)).Value.Object;
        Assert.Equal(expected, read["a"]?.ToJsonString(KubeJson.Relaxed) ?? "null");
        if (yaml.Contains("<<", StringComparison.Ordinal)) Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"b":1,"c":3}"""), read["d"]));
    }

    [Theory]
    [InlineData(": not yaml [", "error converting YAML to JSON: yaml: did not find expected key")]
    [InlineData("a: *nope", "error converting YAML to JSON: yaml: unknown anchor 'nope' referenced")]
    [InlineData("a: &x [*x]", "error converting YAML to JSON: yaml: anchor 'x' value contains itself")]
    [InlineData("[1]", "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}")]
    [InlineData("a: .inf", "error converting YAML to JSON: json: unsupported value: +Inf")]
    [InlineData("a: 1\nb: [1\nc: 2", "error converting YAML to JSON: yaml: did not find expected ',' or ']'")]
    [InlineData("a: b: c", "error converting YAML to JSON: yaml: mapping values are not allowed in this context")]
    public void Broken_yaml_is_answered_in_goyamls_words(string yaml, string message) =>
        Assert.Equal(message, ObjectReader.ReadYaml(Encoding.UTF8.GetBytes(yaml)).Error!.Message);

    [Fact]
    public void An_alias_bomb_is_refused()
    {
        var bomb = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for (var i = 1; i < 10; i++) bomb.Append($"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        Assert.Contains("excessive aliasing", ObjectReader.ReadYaml(Encoding.UTF8.GetBytes(bomb.ToString())).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Yaml_duplicates_carry_paths_and_goyamls_strict_text()
    {
        var read = ObjectReader.ReadYaml("data:\n  a: 1\n  a: 2\n"u8).Value;
        Assert.Equal(["data.a"], read.Duplicates);
        Assert.Equal(["yaml: unmarshal errors:\n  line 3: key \"a\" already set in map"], read.StrictErrors);
        Assert.Equal("2", read.Object["data"]!["a"]!.ToJsonString());
    }

    [Fact]
    public void A_stream_gives_its_documents_without_the_empty_ones()
    {
        var documents = ObjectReader.ReadYamlStream("# nothing\n---\na: 1\n---\n---\n{\"b\": [2]}\n...\n---\n- c\n").Value;
        Assert.Equal(["""{"a":1}""", """{"b":[2]}""", """["c"]"""], documents.Select(d => d.ToJsonString()));
        Assert.Equal("error converting YAML to JSON: yaml: line 3: did not find expected node content", ObjectReader.ReadYamlStream("a: 1\n---\n- b\n- [,\n").Error?.Message);
    }
}
