using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Selectors;

namespace KubeFlex.Machinery.Tests.Selectors;

public class FieldSelectorTests
{
    private static readonly string[] Supported = ["spec.nodeName", "status.phase", "spec.unschedulable", "status.successful", "source"];

    [Theory]
    [InlineData("metadata.name=a", true)]
    [InlineData("metadata.name==a", true)]
    [InlineData("metadata.name!=a", false)]
    [InlineData("metadata.name=a,metadata.namespace=n", true)]
    [InlineData("metadata.name=a,metadata.namespace=m", false)]
    [InlineData("spec.nodeName=", true)]
    [InlineData("spec.nodeName!=", false)]
    [InlineData("status.phase=Run\\,ni\\=n\\\\g", true)]
    [InlineData("spec.unschedulable=false", true)]
    [InlineData("status.successful=3", true)]
    [InlineData("source=kubelet", true)]
    [InlineData("", true)]
    public void Terms_hold_or_not(string text, bool expected)
    {
        var json = """{"kind":"X","metadata":{"name":"a","namespace":"n"},"spec":{},"status":{"phase":"Run,ni=n\\g","succeeded":3},"source":{"component":"kubelet"}}""";
        var selector = FieldSelector.Parse(text, Supported).Value;
        Assert.Equal(expected, selector.MatchesJson(Encoding.UTF8.GetBytes(json)));
        Assert.Equal(expected, selector.Matches((JsonObject)JsonNode.Parse(json)!));
        Assert.Equal(expected, FieldSelector.Parse(selector.ToString(), Supported).Value.MatchesJson(Encoding.UTF8.GetBytes(json)));
    }

    [Theory]
    [InlineData("nope=1", "field label not supported: nope")]
    [InlineData("metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'")]
    [InlineData("status.phase=a\\b", "invalid field selector: invalid escape sequence: \\b")]
    [InlineData("status.phase=a\\", "invalid field selector: invalid escape sequence: \\")]
    [InlineData("status.phase=a=b", "invalid field selector: unescaped character in value: 61")]
    public void Bad_selectors_are_answered_in_upstreams_words(string text, string message) => Assert.Equal(message, FieldSelector.Parse(text, Supported).Error!.Message);

    [Fact]
    public void A_kind_without_fields_of_its_own_names_the_two_that_all_have()
    {
        Assert.Equal("\"x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"", FieldSelector.Parse("x=y", []).Error!.Message);
        Assert.Equal("field label not supported: x", FieldSelector.Parse("x=y", [], custom: true).Error!.Message);
    }

    [Fact]
    public void Required_values_are_found()
    {
        var selector = FieldSelector.Parse("metadata.namespace!=n,metadata.name=a", []).Value;
        Assert.Equal(("a", null, false), (selector.RequiredName, selector.RequiredNamespace, selector.IsEmpty));
    }
}
