using System.Text.Json.Nodes;
using KubeFlex.Machinery.CustomResources;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.Tests.CustomResources;

public class DefinitionTests
{
    [Fact]
    public void Defaults_fill_names_and_conversion()
    {
        var spec = Widgets.Definition()["spec"]!;
        Assert.Equal("widget", (string?)spec["names"]!["singular"]);
        Assert.Equal("WidgetList", (string?)spec["names"]!["listKind"]);
        Assert.Equal("None", (string?)spec["conversion"]!["strategy"]);
    }

    [Fact]
    public void A_good_definition_has_no_errors() => Assert.Empty(Widgets.Errors(Widgets.Definition()));

    [Fact]
    public void The_root_needs_a_type() => Assert.Equal(["spec.validation.openAPIV3Schema.type: Required value: must not be empty at the root"],
        Widgets.Errors(Widgets.Definition("""{"properties":{"spec":{"type":"object"}}}""")));

    [Fact]
    public void The_name_is_plural_and_group()
    {
        var crd = Widgets.Definition();
        crd["metadata"]!["name"] = "wrong.name";
        Assert.Equal(["metadata.name: Invalid value: \"wrong.name\": must be spec.names.plural+\".\"+spec.group"], Widgets.Errors(crd));
    }

    [Fact]
    public void Scope_is_one_of_two()
    {
        var crd = Widgets.Definition();
        crd["spec"]!["scope"] = "Nope";
        Assert.Equal(["spec.scope: Unsupported value: \"Nope\": supported values: \"Cluster\", \"Namespaced\""], Widgets.Errors(crd));
    }

    [Fact]
    public void A_served_version_needs_a_schema()
    {
        var crd = Widgets.Definition();
        ((JsonObject)crd["spec"]!["versions"]![0]!).Remove("schema");
        Assert.Equal(["spec.versions[0].schema.openAPIV3Schema: Required value"], Widgets.Errors(crd));
    }

    [Fact]
    public void Exactly_one_version_is_stored()
    {
        var crd = Widgets.Definition();
        crd["spec"]!["versions"] = JsonNode.Parse("""
            [{"name":"v1","schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}},"served":true,"storage":true},
             {"name":"v2","schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}},"served":true,"storage":true}]
            """);
        CustomResourceDefinitions.PrepareForCreate(crd);
        Assert.Equal([
            """spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":true,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null},{"Name":"v2","Served":true,"Storage":true,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}]: must have exactly one version marked as storage version""",
            """status.storedVersions: Invalid value: ["v1"]: must have the storage version v2""",
        ], Widgets.Errors(crd));
    }

    [Theory]
    [InlineData("""{"a":{"type":"array"}}""", "spec.validation.openAPIV3Schema.properties[a].items: Required value: must be specified")]
    [InlineData("""{"a":{"type":"string","default":5}}""", "spec.validation.openAPIV3Schema.properties[a].default: Invalid value: \"integer\":  in body must be of type string: \"integer\"")]
    [InlineData("""{"a":{"type":"object","properties":{"b":{"type":"string"}},"default":{"c":1}}}""", "spec.validation.openAPIV3Schema.properties[a].default: Invalid value: {\"c\":1}: must not have unknown fields")]
    [InlineData("""{"a":{"type":"array","items":{"type":"string"},"uniqueItems":true}}""", "spec.validation.openAPIV3Schema.properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic")]
    [InlineData("""{"a":{"type":"strung"}}""", "spec.validation.openAPIV3Schema.properties[a].type: Unsupported value: \"strung\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\"")]
    [InlineData("""{"a":{}}""", "spec.validation.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields")]
    [InlineData("""{"a":{"type":"array","items":{}}}""", "spec.validation.openAPIV3Schema.properties[a].items.type: Required value: must not be empty for specified array items")]
    [InlineData("""{"a":{"type":"string","pattern":"(?=x)"}}""", "spec.validation.openAPIV3Schema.properties[a].pattern: Invalid value: \"(?=x)\": must be a valid regular expression, but isn't: error parsing regexp: invalid or unsupported Perl syntax: `(?=`")]
    [InlineData("""{"metadata":{"type":"object","properties":{"labels":{"type":"object"}}}}""", "spec.validation.openAPIV3Schema.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified")]
    [InlineData("""{"a":{"type":"object","anyOf":[{"required":["b"],"properties":{"b":{"minimum":1}}}]}}""", "spec.validation.openAPIV3Schema.properties[a].properties[b]: Required value: because it is defined in spec.validation.openAPIV3Schema.properties[a].anyOf[0].properties[b]")]
    [InlineData("""{"a":{"type":"string","allOf":[{"type":"string"}]}}""", "spec.validation.openAPIV3Schema.properties[a].allOf[0].type: Forbidden: must be empty to be structural")]
    [InlineData("""{"a":{"type":"array","items":{"type":"object","properties":{"k":{"type":"string"}}},"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"]}}""", "spec.validation.openAPIV3Schema.properties[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property")]
    [InlineData("""{"a":{"type":"object","x-kubernetes-validations":[{"rule":""}]}}""", "spec.validation.openAPIV3Schema.properties[a].x-kubernetes-validations[0].rule: Required value: rule is not specified")]
    public void Schemas_are_structural(string properties, string expected) =>
        Assert.Equal([expected], Widgets.Errors(Widgets.Definition($$"""{"type":"object","properties":{{properties}}}""")));

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"anyOf":[{"type":"integer"},{"type":"string"}],"x-kubernetes-int-or-string":true}}}""")]
    [InlineData("""{"type":"object","properties":{"a":{"allOf":[{"anyOf":[{"type":"integer"},{"type":"string"}]},{"pattern":"^a"}],"x-kubernetes-int-or-string":true}}}""")]
    [InlineData("""{"type":"object","properties":{"metadata":{"type":"object","properties":{"name":{"type":"string","maxLength":5}}}}}""")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}}}""")]
    public void Structural_idioms_pass(string schema) => Assert.Empty(Widgets.Errors(Widgets.Definition(schema)));

    [Fact]
    public void Additional_properties_at_the_root_are_refused_in_three_ways()
    {
        var errors = Widgets.Errors(Widgets.Definition("""{"type":"object","additionalProperties":{"type":"string"},"properties":{"a":{"type":"string"}}}"""));
        Assert.Equal(3, errors.Count);
        Assert.StartsWith("""spec.validation.openAPIV3Schema: Invalid value: {"ID":"","Schema":"","Ref":null,"Description":"","Type":"object",""", errors[0], StringComparison.Ordinal);
        Assert.Contains("\"AdditionalProperties\":{\"Allows\":true,\"Schema\":{\"ID\":\"\"", errors[0], StringComparison.Ordinal);
        Assert.EndsWith("XPreserveUnknownFields XValidations] fields are allowed at the root of the schema if the status subresource is enabled", errors[0], StringComparison.Ordinal);
        Assert.Equal("spec.validation.openAPIV3Schema.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive", errors[1]);
        Assert.Equal("spec.validation.openAPIV3Schema.additionalProperties: Forbidden: must not be used at the root", errors[2]);
    }

    [Theory]
    [InlineData(""","additionalPrinterColumns":[{"name":"A","type":"text","jsonPath":".a"}]""", "spec.additionalPrinterColumns[0].type: Invalid value: \"text\": must be one of boolean,date,integer,number,string")]
    [InlineData(""","additionalPrinterColumns":[{"name":"A","type":"string","jsonPath":"a"}]""", "spec.additionalPrinterColumns[0].JSONPath: Invalid value: \"a\": must be a simple json path starting with .")]
    [InlineData(""","selectableFields":[{"jsonPath":".spec.nope"}]""", "spec.selectableFields[0].jsonPath: Invalid value: \".spec.nope\": is an invalid path: does not refer to a valid field")]
    [InlineData(""","deprecationWarning":"old\nthing","deprecated":true""", "spec.versions[0].deprecationWarning: Invalid value: \"old\\nthing\": must only contain printable UTF-8 characters; non-printable character found at index 3")]
    public void Version_members_are_checked(string extra, string expected) => Assert.Equal([expected], Widgets.Errors(Widgets.Definition(extra: extra)));

    [Fact]
    public void Scale_paths_lie_under_spec_and_status()
    {
        var crd = Widgets.Definition();
        crd["spec"]!["versions"]![0]!["subresources"] = Widgets.Json("""{"scale":{"specReplicasPath":".status.a","statusReplicasPath":""}}""");
        Assert.Equal(["spec.subresources.scale.specReplicasPath: Invalid value: \".status.a\": should be a json path under .spec",
            "spec.subresources.scale.statusReplicasPath: Required value"], Widgets.Errors(crd));
    }

    [Fact]
    public void Webhook_conversion_needs_a_client()
    {
        var crd = Widgets.Definition();
        crd["spec"]!["conversion"] = Widgets.Json("""{"strategy":"Webhook"}""");
        Assert.Equal(["spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook", "spec.conversion.conversionReviewVersions: Required value"], Widgets.Errors(crd));
    }

    [Fact]
    public void Established_names_do_not_change()
    {
        var old = Widgets.Definition();
        old["status"] = CustomResourceDefinitions.Conditions(old, [], DateTimeOffset.UnixEpoch);
        var changed = (JsonObject)old.DeepClone();
        changed["spec"]!["scope"] = "Cluster";
        changed["spec"]!["group"] = "other.com";
        var errors = new FieldErrors();
        CustomResourceDefinitions.ValidateUpdate(changed, old, errors);
        Assert.Equal(["spec.scope: Invalid value: \"Cluster\": field is immutable", "spec.group: Invalid value: \"other.com\": field is immutable"], errors.Select(e => e.ToString()));
    }

    [Fact]
    public void Names_are_accepted_unless_taken()
    {
        var first = Widgets.Definition();
        first["status"] = CustomResourceDefinitions.Conditions(first, [], DateTimeOffset.UnixEpoch);
        Assert.True(CustomResourceDefinitions.IsEstablished(first));
        Assert.Equal("no conflicts found", (string?)first["status"]!["conditions"]![0]!["message"]);
        Assert.Equal("1970-01-01T00:00:00Z", (string?)first["status"]!["conditions"]![0]!["lastTransitionTime"]);

        var second = Widgets.Definition();
        second["metadata"]!["name"] = "others.example.com";
        second["spec"]!["names"]!["plural"] = "others";
        var status = CustomResourceDefinitions.Conditions(second, [first, second], DateTimeOffset.UnixEpoch);
        var accepted = (JsonObject)status["conditions"]![0]!;
        Assert.Equal(("NamesAccepted", "False", "ShortNamesConflict", "\"wd\" is already in use"),
            ((string?)accepted["type"], (string?)accepted["status"], (string?)accepted["reason"], (string?)accepted["message"]));
        Assert.Equal("not all names are accepted", (string?)status["conditions"]![1]!["message"]);
        Assert.Equal("others", (string?)status["acceptedNames"]!["plural"]);
    }

    [Fact]
    public void Compile_makes_a_resource_per_served_version()
    {
        var crd = Widgets.Definition();
        var versions = (JsonArray)crd["spec"]!["versions"]!;
        var beta = (JsonObject)versions[0]!.DeepClone();
        (beta["name"], beta["storage"], beta["deprecated"]) = ("v1beta1", false, true);
        versions.Insert(0, (JsonNode)beta);
        var resources = CustomResourceDefinitions.Compile(crd, Widgets.ObjectMeta);
        Assert.Equal(["v1", "v1beta1"], resources.Select(r => r.Kind.Version));
        Assert.Equal("example.com/v1beta1 Widget is deprecated; use example.com/v1 Widget", resources[1].DeprecationWarning);
        Assert.Equal(new GroupVersionKind("example.com", "v1", "Widget"), resources[1].StorageKind);
        Assert.Equal(["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"], resources[0].Verbs);
        Assert.Equal(["Name", "Age"], resources[0].Columns.Select(c => c.Name));
        Assert.Equal("status", Assert.Single(resources[0].Subresources).Name);
        Assert.Same(resources[0].Schema, resources[1].Schema);
        Assert.Contains("ownerReferences", resources[0].Schema.Properties["metadata"].Properties.Keys);
    }

    [Fact]
    public void A_schema_of_thousands_of_properties_compiles_and_validates()
    {
        var properties = new JsonObject();
        for (var i = 0; i < 60; i++)
        {
            var inner = new JsonObject();
            for (var j = 0; j < 60; j++) inner[$"p{j}"] = Widgets.Json("""{"type":"string","description":"words","pattern":"^[a-z]([-a-z0-9]*[a-z0-9])?$","maxLength":63}""");
            properties[$"group{i}"] = new JsonObject { ["type"] = "object", ["properties"] = inner, ["default"] = new JsonObject() };
        }
        var crd = Widgets.Definition(new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["spec"] = new JsonObject { ["type"] = "object", ["properties"] = properties } } }.ToJsonString());
        Assert.Empty(Widgets.Errors(crd));
        var schema = CustomResourceDefinitions.Compile(crd, Widgets.ObjectMeta)[0].Schema;
        Assert.Equal(60, schema.Properties["spec"].Properties.Count);
        Assert.Equal(["spec.group0.p0: Invalid value: \"A\": spec.group0.p0 in body should match '^[a-z]([-a-z0-9]*[a-z0-9])?$'"],
            Widgets.Errors(schema, """{"spec":{"group0":{"p0":"A"}}}"""));
    }
}
