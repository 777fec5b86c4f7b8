using System.Text.Json.Nodes;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Validation;

namespace KubeFlex.Machinery.CustomResources;

/// <summary>
/// Rules for definitions (<c>apiextensions/validation/validation.go</c>). Upstream validates its internal form, in which what all versions share
/// stands once at the top; that is why an error in the only version's schema is reported under <c>spec.validation</c>.
/// </summary>
internal static class DefinitionValidator
{
    public static void Validate(JsonObject crd, JsonObject? old, FieldErrors errors)
    {
        var spec = crd.Obj("spec") ?? [];
        var hoisted = new HoistedSpec(spec);
        var name = crd.Obj("metadata").Str("name");
        var names = spec.Obj("names") ?? [];
        if (name != $"{names.Str("plural")}.{spec.Str("group")}") errors.Invalid("metadata.name", name, "must be spec.names.plural+\".\"+spec.group");

        CheckGroup(spec.Str("group"), errors);
        CheckChoice("spec.scope", spec.Str("scope"), ["Cluster", "Namespaced"], errors);
        for (var i = 0; i < hoisted.Versions.Count; i++)
            if (hoisted.Versions[i].Bool("served") && hoisted.SchemaOf(i) is null) errors.Required($"spec.versions[{i}].schema.openAPIV3Schema");
        if (spec.Bool("preserveUnknownFields") && hoisted.HasDefaults) errors.Invalid("spec.preserveUnknownFields", true, "must be false in order to use defaults in the schema");
        CheckVersions(hoisted, errors);
        CheckNames(names, "spec.names", required: true, errors);
        VersionValidator.CheckSchema(hoisted.Schema, "spec.validation", hoisted.AnyStatus, errors);
        VersionValidator.CheckSubresources(hoisted.Subresources, "spec.subresources", errors);
        VersionValidator.CheckColumns(hoisted.Columns, "spec.additionalPrinterColumns", errors);
        SelectableFieldRules.Check(hoisted.SelectableFields, hoisted.SchemaOf(0), "spec.selectableFields", errors);
        ConversionRules.Check(spec.Obj("conversion"), errors);

        CheckNames(crd.Obj("status").Obj("acceptedNames") ?? [], "status.acceptedNames", required: false, errors);
        CheckStoredVersions(crd, hoisted, errors);
        CheckApproval(crd, old, errors);
        if (spec.Bool("preserveUnknownFields") && old.Obj("spec").Bool("preserveUnknownFields") is false)
            errors.Invalid("spec.preserveUnknownFields", true, "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead");
    }

    public static void ValidateUpdate(JsonObject crd, JsonObject old, FieldErrors errors)
    {
        if (CustomResourceDefinitions.IsEstablished(old))
        {
            Immutable("scope");
            Immutable("names.kind");
        }
        Immutable("group");
        Immutable("names.plural");

        void Immutable(string path)
        {
            var (a, b) = (At(crd, path), At(old, path));
            if (a != b) errors.Invalid($"spec.{path}", a, "field is immutable");
        }

        static string At(JsonObject obj, string path) =>
            path.Split('.') is [var outer, var inner] ? obj.Obj("spec").Obj(outer).Str(inner) : obj.Obj("spec").Str(path);
    }

    internal static void CheckChoice(string field, string value, string[] choices, FieldErrors errors)
    {
        if (value.Length == 0) errors.Required(field);
        else if (!choices.Contains(value)) errors.NotSupported(field, value, choices);
    }

    private static void CheckGroup(string group, FieldErrors errors)
    {
        if (group.Length == 0) errors.Required("spec.group");
        else if (Names.DnsSubdomain(group) is { Count: > 0 } wrong) errors.Invalid("spec.group", group, string.Join(",", wrong));
        else if (!group.Contains('.', StringComparison.Ordinal)) errors.Invalid("spec.group", group, "should be a domain with at least one dot");
    }

    private static void CheckVersions(HoistedSpec hoisted, FieldErrors errors)
    {
        var versions = hoisted.Versions;
        for (var i = 0; i < versions.Count; i++)
        {
            var name = versions[i].Str("name");
            if (Names.Dns1035Label(name) is { Count: > 0 } wrong) errors.Invalid($"spec.versions[{i}].name", name, string.Join(",", wrong));
            VersionValidator.Check(hoisted, i, errors);
        }
        if (versions.Select(v => v.Str("name")).Distinct().Count() < versions.Count)
            errors.Invalid("spec.versions", InternalForm.Versions(hoisted), "must contain unique version names");
        if (versions.Count(v => v.Bool("storage")) != 1)
            errors.Invalid("spec.versions", InternalForm.Versions(hoisted), "must have exactly one version marked as storage version");
        // The internal form repeats the first version's name as spec.version.
        if (versions.Count > 0 && versions[0].Str("name") is { Length: > 0 } first && Names.Dns1035Label(first) is { Count: > 0 } bad)
            errors.Invalid("spec.version", first, string.Join(",", bad));
    }

    private static void CheckNames(JsonObject names, string path, bool required, FieldErrors errors)
    {
        if (required)
            foreach (var field in new[] { "plural", "singular", "kind", "listKind" })
                if (names.Str(field).Length == 0) errors.Required($"{path}.{field}");
        Label("plural", "");
        Label("singular", "");
        Label("kind", "may have mixed case, but should otherwise match: ");
        Label("listKind", "may have mixed case, but should otherwise match: ");
        Labels("shortNames");
        var kind = names.Str("kind");
        if (kind.Length > 0 && kind == names.Str("listKind")) errors.Invalid($"{path}.listKind", kind, "kind and listKind may not be the same");
        Labels("categories");

        void Label(string field, string prefix)
        {
            var value = names.Str(field);
            if (value.Length > 0 && Names.Dns1035Label(prefix.Length > 0 ? value.ToLowerInvariant() : value) is { Count: > 0 } wrong)
                errors.Invalid($"{path}.{field}", value, prefix + string.Join(",", wrong));
        }

        void Labels(string field)
        {
            var i = 0;
            foreach (var item in names.Items(field))
            {
                var value = item.AsString() ?? "";
                if (Names.Dns1035Label(value) is { Count: > 0 } wrong) errors.Invalid($"{path}.{field}[{i}]", value, string.Join(",", wrong));
                i++;
            }
        }
    }

    private static void CheckStoredVersions(JsonObject crd, HoistedSpec hoisted, FieldErrors errors)
    {
        const string path = "status.storedVersions";
        var stored = crd.Obj("status").Arr("storedVersions");
        // A caller that validates before it prepares the status has no stored versions yet; they will hold the first storage version.
        var names = stored is null ? [.. hoisted.Versions.Where(v => v.Bool("storage")).Take(1).Select(v => v.Str("name"))] : stored.Select(v => v.AsString() ?? "").ToList();
        if (names.Count == 0) errors.Invalid(path, stored is null ? null : new JsonArray(), "must have at least one stored version");
        foreach (var version in hoisted.Versions.Where(v => v.Bool("storage") && !names.Contains(v.Str("name"))))
            errors.Invalid(path, new JsonArray([.. names.Select(n => (JsonNode)n)]), $"must have the storage version {version.Str("name")}");
        for (var i = 0; i < names.Count; i++)
            if (hoisted.Versions.All(v => v.Str("name") != names[i])) errors.Invalid($"{path}[{i}]", names[i], "must appear in spec.versions");
    }

    // KEP-1111: groups of the Kubernetes community need an approval.
    private static void CheckApproval(JsonObject crd, JsonObject? old, FieldErrors errors)
    {
        const string annotation = "api-approved.kubernetes.io";
        const string see = "see https://github.com/kubernetes/enhancements/pull/1111";
        var group = crd.Obj("spec").Str("group");
        if (!(group is "k8s.io" or "kubernetes.io" || group.EndsWith(".k8s.io", StringComparison.Ordinal) || group.EndsWith(".kubernetes.io", StringComparison.Ordinal))) return;
        var value = Approval(crd);
        if (old is not null && State(Approval(old)) == State(value)) return;
        var field = $"metadata.annotations[{annotation}]";
        if (State(value) == 0) errors.Required(field, $"protected groups must have approval annotation \"{annotation}\", {see}");
        else if (State(value) == 1) errors.Invalid(field, value, $"protected groups must have approval annotation \"{annotation}\" with either a URL or a reason starting with \"unapproved\", {see}");

        static string Approval(JsonObject obj) => obj.Obj("metadata").Obj("annotations").Str(annotation);
        static int State(string text) => text.Length == 0 ? 0
            : text.StartsWith("unapproved", StringComparison.Ordinal) || (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Host.Length > 0) ? 2 : 1;
    }
}
