using System.Text.Json.Nodes;
using KubeFlex.Operator.Hooks;
using KubeFlex.Operator.Hosting;

namespace KubeFlex.Operator.Tests.Hooks;

public sealed class HookTemplateTests
{
    private static readonly Dictionary<string, string> Variables = new() { ["Name"] = "x", ["Evil"] = "a\"},{\"b\": {{.Name}}\n\\", ["Empty"] = "" };

    [Theory]
    [InlineData("{{.Name}}", "x")]
    [InlineData("{{ .Name }}", "x")]
    [InlineData("{{- .Name -}}", "x")]
    [InlineData("a-{{.Name}}-{{ .Name}}-b", "a-x-x-b")]
    [InlineData("[{{.Empty}}]", "[]")]
    [InlineData("plain }} text {", "plain }} text {")]
    [InlineData("""{{"{{"}}.Name}}""", "{{.Name}}")]
    [InlineData("{{`{{`}}", "{{")]
    public void Strings(string template, string expected) => Assert.Equal(expected, Render(template));

    [Fact]
    public void A_value_cannot_change_the_shape_of_the_document()
    {
        var rendered = HookTemplate.Render(Template(new JsonObject { ["a"] = "{{.Evil}}", ["{{.Name}}"] = new JsonArray("{{.Name}}", 1, true, null) }), 0, "h", Variables);
        Assert.Equal(Variables["Evil"], (string?)rendered["data"]!["a"]);
        Assert.Equal("""["x",1,true,null]""", rendered["data"]!["x"]!.ToJsonString());
    }

    [Fact]
    public void An_unknown_variable_is_an_error_that_names_everything()
    {
        var e = Assert.Throws<ReconcileFailure>(() => HookTemplate.Render(Template(new JsonObject { ["a"] = "{{.NAMEE}}" }), 3, "hello", Variables));
        Assert.StartsWith("PostCreateHook \"hello\", template 3 (ConfigMap/m): variable \"NAMEE\" is not defined", e.Message, StringComparison.Ordinal);
        Assert.True(e.Permanent);
    }

    [Theory]
    [InlineData("{{ if .Name }}", "{{ if .Name }}")]
    [InlineData("{{ .Name | upper }}", "{{ .Name | upper }}")]
    [InlineData("{{ .Name.Field }}", "{{ .Name.Field }}")]
    [InlineData("open {{ .Name", "{{ .Name")]
    public void What_is_not_understood_is_said(string template, string named)
    {
        var e = Assert.Throws<ReconcileFailure>(() => Render(template));
        Assert.Contains($"\"{named}\" is not understood", e.Message, StringComparison.Ordinal);
    }

    private static string? Render(string text) => (string?)HookTemplate.Render(Template(new JsonObject { ["a"] = text }), 0, "h", Variables)["data"]!["a"];

    private static JsonObject Template(JsonObject data) => new() { ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = "m" }, ["data"] = data };
}
