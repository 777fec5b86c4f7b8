using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.CustomResources;

namespace KubeFlex.Machinery.Tests.CustomResources;

public class ObjectRulesTests
{
    private static readonly Schema Widget = CustomResourceDefinitions.Compile(Widgets.Definition(), Widgets.ObjectMeta)[0].Schema;

    [Fact]
    public void Unknown_members_go_and_are_named()
    {
        var obj = Widgets.Json("""{"apiVersion":"a/v1","kind":"W","extra":1,"metadata":{"name":"w","nope":1,"labels":{"a":"b"},"managedFields":[{"fieldsV1":{"f:spec":{}}}]},"spec":{"any":{"free":{"x":1}},"nope":1,"parts":[{"name":"a","x":{"y":1}}]}}""");
        var unknown = CustomResourceRules.Prune(obj, Widget);
        Assert.Equal(["extra", "metadata.nope", "spec.nope", "spec.parts[0].x"], unknown.Order(StringComparer.Ordinal));
        Assert.Equal("""{"apiVersion":"a/v1","kind":"W","metadata":{"name":"w","labels":{"a":"b"},"managedFields":[{"fieldsV1":{"f:spec":{}}}]},"spec":{"any":{"free":{"x":1}},"parts":[{"name":"a"}]}}""", obj.ToJsonString());
    }

    [Fact]
    public void Specified_members_inside_preserved_ones_are_pruned()
    {
        var schema = Widgets.SpecSchema("""{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"a":{"type":"object","properties":{"b":{"type":"string"}}}}}""");
        var obj = Widgets.Json("""{"spec":{"free":[{"q":1}],"a":{"b":"x","c":1}}}""");
        Assert.Equal(["spec.a.c"], CustomResourceRules.Prune(obj, schema));
        Assert.Equal("""{"spec":{"free":[{"q":1}],"a":{"b":"x"}}}""", obj.ToJsonString());
    }

    [Fact]
    public void Embedded_resources_keep_their_own_metadata()
    {
        var schema = Widgets.SpecSchema("""{"type":"object","properties":{"template":{"type":"object","x-kubernetes-embedded-resource":true,"properties":{"spec":{"type":"object"}}}}}""");
        var obj = Widgets.Json("""{"spec":{"template":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","bad":1},"spec":{"gone":1},"other":2}}}""");
        Assert.Equal(["spec.template.metadata.bad", "spec.template.other", "spec.template.spec.gone"], CustomResourceRules.Prune(obj, schema).Order(StringComparer.Ordinal));
        Assert.Equal("""{"spec":{"template":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{}}}}""", obj.ToJsonString());
        Assert.Equal(["spec.template.apiVersion: Required value: must not be empty", "spec.template.kind: Required value: must not be empty"],
            Widgets.Errors(schema, """{"spec":{"template":{"spec":{}}}}"""));
    }

    [Fact]
    public void Defaults_apply_inside_defaults_items_and_maps_and_nulls_follow_nullable()
    {
        var schema = Widgets.SpecSchema("""
            {"type":"object","default":{},"properties":{
              "foo":{"type":"string","default":"default"},"bar":{"type":"string","nullable":true,"default":"x"},"baz":{"type":"string"},
              "list":{"type":"array","items":{"type":"object","properties":{"n":{"type":"integer","default":1}}}},
              "map":{"type":"object","additionalProperties":{"type":"object","properties":{"n":{"type":"integer","default":2}}}},
              "deep":{"type":"object","default":{"a":{}},"properties":{"a":{"type":"object","properties":{"b":{"type":"string","default":"c"}}}}}}}
            """);
        var obj = Widgets.Json("""{"spec":{"foo":null,"bar":null,"baz":null,"list":[{},{"n":5}],"map":{"k":{}}}}""");
        CustomResourceRules.Default(obj, schema);
        Assert.True(JsonNode.DeepEquals(obj, Widgets.Json("""{"spec":{"foo":"default","bar":null,"list":[{"n":1},{"n":5}],"map":{"k":{"n":2}},"deep":{"a":{"b":"c"}}}}""")), obj.ToJsonString());
        var empty = Widgets.Json("{}");
        CustomResourceRules.Default(empty, schema);
        Assert.True(JsonNode.DeepEquals(empty, Widgets.Json("""{"spec":{"foo":"default","bar":"x","deep":{"a":{"b":"c"}}}}""")), empty.ToJsonString());
    }

    [Theory]
    [InlineData("""{"size":"string"}""", "spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\"")]
    [InlineData("""{"size":2.5}""", "spec.size: Invalid value: \"number\": spec.size in body must be of type integer: \"number\"")]
    [InlineData("""{"size":null}""", "spec.size: Invalid value: \"null\": spec.size in body must be of type integer: \"null\"")]
    [InlineData("""{"size":20}""", "spec.size: Invalid value: 20: spec.size in body should be less than or equal to 10")]
    [InlineData("""{"size":0}""", "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1")]
    [InlineData("""{"color":"blue"}""", "spec.color: Unsupported value: \"blue\": supported values: \"red\", \"green\"")]
    [InlineData("""{"ios":true}""", "spec.ios: Invalid value: \"boolean\": spec.ios in body must be of type integer,string: \"boolean\"")]
    [InlineData("""{"parts":[{"n":1}]}""", "spec.parts[0].name: Required value")]
    [InlineData("""{"parts":[{"name":"a"},{"name":"b"},{"name":"a","n":1}]}""", "spec.parts[2]: Duplicate value: {\"name\":\"a\"}")]
    [InlineData("""{"tags":["x","y","x"]}""", "spec.tags[2]: Duplicate value: \"x\"")]
    public void Values_are_checked_in_upstreams_words(string spec, string expected) => Assert.Equal([expected], Widgets.Errors(Widget, $$"""{"spec":{{spec}}}"""));

    [Theory]
    [InlineData("""{"type":"string","minLength":2}""", "\"é\"", "spec.v: Invalid value: \"é\": spec.v in body should be at least 2 chars long")]
    [InlineData("""{"type":"string","maxLength":2}""", "\"abc\"", "spec.v: Too long: may not be more than 2 bytes")]
    [InlineData("""{"type":"string","pattern":"^a$"}""", "\"a\\n\"", "spec.v: Invalid value: \"a\\n\": spec.v in body should match '^a$'")]
    [InlineData("""{"type":"string","format":"date-time"}""", "\"not a date\"", "spec.v: Invalid value: \"not a date\": spec.v in body must be of type date-time: \"not a date\"")]
    [InlineData("""{"type":"array","items":{"type":"string"},"minItems":1}""", "[]", "spec.v: Invalid value: 0: spec.v in body should have at least 1 items")]
    [InlineData("""{"type":"array","items":{"type":"string"},"maxItems":1}""", "[\"a\",\"b\"]", "spec.v: Too many: 2: must have at most 1 item")]
    [InlineData("""{"type":"object","minProperties":1}""", "{}", "spec.v: Invalid value: 0: spec.v in body should have at least 1 properties")]
    [InlineData("""{"type":"number","multipleOf":0.1}""", "0.25", "spec.v: Invalid value: 0.25: spec.v in body should be a multiple of 0.1")]
    [InlineData("""{"type":"integer","maximum":2000000,"exclusiveMaximum":true}""", "2000000", "spec.v: Invalid value: 2000000: spec.v in body should be less than 2e+06")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"oneOf":[{"required":["a"]},{"required":["b"]}]}""", """{"a":"1","b":"2"}""", "<nil>: Invalid value: \"\": \"spec.v\" must validate one and only one schema (oneOf). Found 2 valid alternatives")]
    [InlineData("""{"type":"string","not":{"enum":["x"]}}""", "\"x\"", "<nil>: Invalid value: \"\": \"spec.v\" must not validate the schema (not)")]
    public void Rules_have_upstreams_words(string schema, string value, string expected) =>
        Assert.Equal([expected], Widgets.Errors(Widgets.SpecSchema($$$"""{"type":"object","properties":{"v":{{{schema}}}}}"""), $$$"""{"spec":{"v":{{{value}}}}}"""));

    [Fact]
    public void Any_of_reports_the_best_try() => Assert.Equal(["<nil>: Invalid value: \"\": \"spec\" must validate at least one schema (anyOf)", "spec.a: Required value"],
        Widgets.Errors(Widgets.SpecSchema("""{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"anyOf":[{"required":["a"]},{"required":["b"]}]}"""), """{"spec":{}}"""));

    [Fact]
    public void Expressions_are_not_checked_on_a_broken_object()
    {
        var schema = Widgets.SpecSchema("""{"type":"object","x-kubernetes-validations":[{"rule":"true"}],"properties":{"when":{"type":"string","format":"date-time"}}}""");
        Assert.Equal(["spec.when: Invalid value: \"not a date\": spec.when in body must be of type date-time: \"not a date\"",
            "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"],
            Widgets.Errors(schema, """{"spec":{"when":"not a date"}}"""));
    }

    [Fact]
    public void Unchanged_wrongs_pass_on_update()
    {
        Assert.Empty(Widgets.Errors(Widget, """{"spec":{"size":20,"color":"red"}}""", """{"spec":{"size":20}}"""));
        Assert.Empty(Widgets.Errors(Widget, """{"spec":{"parts":[{"name":"b"},{"name":"a","n":"x"}]}}""", """{"spec":{"parts":[{"name":"a","n":"x"}]}}"""));
        Assert.Empty(Widgets.Errors(Widget, """{"spec":{"tags":["x","x"],"color":"red"}}""", """{"spec":{"tags":["x","x"]}}"""));
        Assert.Single(Widgets.Errors(Widget, """{"spec":{"size":21}}""", """{"spec":{"size":20}}"""));
        Assert.Single(Widgets.Errors(Widget, """{"spec":{"tags":["x","x"]}}""", """{"spec":{"tags":["x"]}}"""));
    }

    [Fact]
    public void Names_can_be_narrowed()
    {
        var schema = Widgets.Schema("""{"metadata":{"type":"object","properties":{"name":{"type":"string","maxLength":3}}}}""");
        Assert.Equal(["metadata.name: Too long: may not be more than 3 bytes"], Widgets.Errors(schema, """{"metadata":{"name":"abcd"}}"""));
        Assert.Contains("labels", schema.Properties["metadata"].Properties.Keys);
    }

    [Theory]
    [InlineData("email", "a@b.c", "a@")]
    [InlineData("ipv4", "10.0.0.1", "10.0.0")]
    [InlineData("ipv6", "::1", "10.0.0.1")]
    [InlineData("cidr", "10.0.0.0/8", "10.0.0.0/33")]
    [InlineData("uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567")]
    [InlineData("date", "2024-02-29", "2023-02-29")]
    [InlineData("date-time", "2024-01-01T10:00:00.5+02:00", "2024-01-01 10:00:00")]
    [InlineData("duration", "1h30m", "an hour")]
    [InlineData("byte", "YQ==", "Y")]
    [InlineData("hostname", "a.example.com", "-a")]
    [InlineData("mac", "00:11:22:33:44:55", "00:11")]
    [InlineData("uri", "https://x/y", "x y")]
    public void Formats(string format, string good, string bad)
    {
        var schema = Widgets.SpecSchema($$$$"""{"type":"object","properties":{"v":{"type":"string","format":"{{{{format}}}}"}}}""");
        Assert.Empty(Widgets.Errors(schema, $$$"""{"spec":{"v":"{{{good}}}"}}"""));
        Assert.Single(Widgets.Errors(schema, $$$"""{"spec":{"v":"{{{bad}}}"}}"""));
    }

    [Theory]
    [InlineData(@"^[[:alpha:]]+$", "abc", "ab1")]
    [InlineData(@"^\d+$", "123", "\u0661")]
    [InlineData(@"^[\w.-]+$", "a.b-c", "a b")]
    [InlineData(@"^(?P<x>a|b)\z", "a", "c")]
    [InlineData(@"^\pL$", "é", "1")]
    [InlineData(@"^[[]a$", "[a", "a")]
    [InlineData(@"^a{1,1000}$", "aaa", "")]
    public void Patterns_are_RE2(string pattern, string good, string bad)
    {
        Assert.True(Machinery.CustomResources.Patterns.TryCompile(pattern, out var regex, out var error), error);
        Assert.True(Machinery.CustomResources.Patterns.Matches(regex, good));
        Assert.False(Machinery.CustomResources.Patterns.Matches(regex, bad));
    }

    [Theory]
    [InlineData(10, "10")]
    [InlineData(65535, "65535")]
    [InlineData(1000000, "1e+06")]
    [InlineData(4294967295, "4.294967295e+09")]
    [InlineData(0.5, "0.5")]
    [InlineData(0.00001, "1e-05")]
    [InlineData(-1.25, "-1.25")]
    public void Floats_print_as_Go_prints_them(double value, string expected) => Assert.Equal(expected, Machinery.CustomResources.GoText.Float(value));
}
