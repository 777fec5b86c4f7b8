using System.Text.Json.Nodes;
using KubeFlex.Machinery.CustomResources;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Json;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Crds;

namespace KubeFlex.Operator.Tests.Crds;

public sealed class CrdTests
{
    [Fact]
    public void Definitions_are_valid_and_named_as_their_files()
    {
        Assert.Equal(2, CrdInstaller.Definitions().Count);
        foreach (var (name, yaml) in CrdInstaller.Definitions())
        {
            var crd = ObjectReader.ReadYaml(yaml).Value.Object;
            Assert.Equal(name, (string?)crd["metadata"]!["name"]);
            CustomResourceDefinitions.Default(crd);
            var errors = new FieldErrors();
            CustomResourceDefinitions.Validate(crd, errors);
            Assert.Equal("", errors.Count == 0 ? "" : errors.Aggregate());
        }
    }

    /// <summary>Clusters that evaluate the rules refuse what the operator would refuse; an object that exists must stay deletable.</summary>
    [Fact]
    public void Names_that_are_refused_are_refused_by_the_definition_too()
    {
        var crd = ObjectReader.ReadYaml(CrdInstaller.Definitions()["controlplanes.tenancy.kflex.kubestellar.org"]).Value.Object;
        var rules = crd["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["x-kubernetes-validations"]!.AsArray().Select(r => (string)r!["rule"]!).ToList();
        Assert.Equal(
        [
            "has(self.status) || !(self.metadata.name in ['kube', 'kubeflex', 'default', 'postgres', 'host'])",
            "has(self.status) || self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
            "has(self.status) || size(self.metadata.name) <= 56",
        ], rules);
        foreach (var name in (string[])["kube", "kubeflex", "default", "postgres", "host", "a.b", new string('a', 57)]) Assert.NotNull(ControlPlaneNames.Refusal(name));
        foreach (var name in (string[])["a", "kube-flex", new string('a', 56)]) Assert.Null(ControlPlaneNames.Refusal(name));
    }

    [Fact]
    public void The_contract_of_control_planes_stands()
    {
        var crd = ObjectReader.ReadYaml(CrdInstaller.Definitions()["controlplanes.tenancy.kflex.kubestellar.org"]).Value.Object;
        var version = crd["spec"]!["versions"]![0]!;
        Assert.Equal(["SYNCED", "READY", "TYPE", "AGE"], version["additionalPrinterColumns"]!.AsArray().Where(c => c!["priority"] is null).Select(c => (string?)c!["name"]));
        Assert.Equal("""["cp","cps"]""", crd["spec"]!["names"]!["shortNames"]!.ToJsonString());
        var spec = version["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!;
        Assert.Equal("""["k8s","ocm","vcluster","host","external","k3s"]""", spec["properties"]!["type"]!["enum"]!.ToJsonString());
        Assert.Equal("""["type"]""", spec["required"]!.ToJsonString());
        Assert.Equal(["type", "runtime", "backend", "version", "replicas", "resources", "extraSANs", "bootstrapSecretRef", "tokenExpirationSeconds", "postCreateHook", "postCreateHookVars", "postCreateHooks", "globalVars",
            "waitForPostCreateHooks", "paused"], ((JsonObject)spec["properties"]!).Select(p => p.Key));
    }
}
