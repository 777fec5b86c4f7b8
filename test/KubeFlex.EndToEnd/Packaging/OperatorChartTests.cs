using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Packaging;

/// <summary>The chart that people install: with any values it renders the objects that KubeFlex's users know by name.</summary>
public sealed partial class OperatorChartTests(SharedServer shared)
{
    private static readonly string Chart = Path.Combine(Repository.Root, "deploy", "chart");
    private static readonly Dictionary<string, string?> NoEnvironment = [];

    private static readonly string[] Always =
    [
        "ServiceAccount/kubeflex-controller-manager", "Role/kubeflex-leader-election-role", "RoleBinding/kubeflex-leader-election-rolebinding",
        "ClusterRole/kubeflex-manager-role", "ClusterRoleBinding/kubeflex-manager-rolebinding", "ClusterRole/kubeflex-metrics-reader", "ConfigMap/kubeflex-config",
        "Deployment/kubeflex-controller-manager", "ClusterRole/controlplane-editor-role", "ClusterRole/controlplane-viewer-role",
    ];

    private static readonly string[] Proxy = ["ClusterRole/kubeflex-proxy-role", "ClusterRoleBinding/kubeflex-proxy-rolebinding", "Service/kubeflex-controller-manager-metrics-service"];
    private static readonly string[] Storage = ["Service/kubeflex-storage", "Deployment/kubeflex-storage"];
    private static readonly string[] Postgres = ["Secret/postgres-postgresql", "Service/postgres-postgresql", "StatefulSet/postgres-postgresql"];

    public static TheoryData<string, string[]> Values => new()
    {
        { "", [.. Always, .. Proxy, .. Storage, .. Postgres, "PostCreateHook/openshift-crds"] },
        { "installPostgreSQL=false,metrics.proxy.enabled=false,hooks.builtin=false,storage.enabled=false", Always },
        { "isOpenShift=true,domain=apps.example.com,externalPort=443,verbosity=5,postgresql.createSecret=false", [.. Always, .. Proxy, .. Storage, .. Postgres[1..], "PostCreateHook/openshift-crds"] },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public async Task It_passes_lint_and_renders_the_contracts_objects(string values, string[] expected)
    {
        string[] set = values.Length > 0 ? ["--set", values] : [];
        (await HelmAsync(["lint", "--strict", Chart, .. set])).Ok();
        var objects = Objects((await HelmAsync(["template", "kubeflex-operator", Chart, .. set])).Ok());
        Assert.Equal(expected.Order(StringComparer.Ordinal), objects.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("verbosity=0", "verbosity")]
    [InlineData("domain=Not A Name", "domain")]
    [InlineData("externalPort=http", "externalPort")]
    [InlineData("isOpenShift=perhaps", "isOpenShift")]
    [InlineData("pods.exposure=loadbalancer", "exposure")]
    [InlineData("pods.image=x", "image")]
    [InlineData("storage.datastore=postgres://kubeflex:secret@db/kubeflex", "datastore")]
    [InlineData("storage.size=1Gi", "size")]
    public async Task Values_that_make_no_sense_are_refused_by_name(string value, string field) =>
        Assert.Contains(field, (await HelmAsync("template", "x", Chart, "--set-string", value)).Fails(), StringComparison.Ordinal);

    [Fact]
    public async Task The_values_reach_the_operator()
    {
        var objects = Objects((await HelmAsync("template", "x", Chart, "--set", "domain=apps.example.com,externalPort=443,isOpenShift=true,hostContainer=node1,verbosity=4,logFormat=json,image.tag=t1")).Ok());
        var config = objects["ConfigMap/kubeflex-config"];
        foreach (var line in (string[])["domain: \"apps.example.com\"", "externalPort: \"443\"", "hostContainer: \"node1\"", "isOpenShift: \"true\""])
            Assert.Contains(line, config, StringComparison.Ordinal);
        var deployment = objects["Deployment/kubeflex-controller-manager"];
        foreach (var text in (string[])["ghcr.io/kubestellar/kubeflex/manager:t1", "--zap-log-level=4", "--zap-encoder=json", "--leader-elect\n", "--health-probe-bind-address=:8081", "runAsNonRoot: true"])
            Assert.Contains(text, deployment, StringComparison.Ordinal);
        Assert.Contains("--pods=true\n", deployment, StringComparison.Ordinal);
        // What is not set is the operator's own business.
        Assert.DoesNotContain("-image=", deployment, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_pods_are_made_of_reaches_the_operator_and_the_operator_knows_each_flag()
    {
        const string set = "pods.kubernetesVersion=1.34.2,pods.vclusterKubernetesVersion=1.34.0,pods.k3sVersion=1.34.1,pods.images.apiServer=r/a,pods.images.controllerManager=r/c,"
            + "pods.images.vclusterKubernetes=r/vk,pods.images.k3s=r/k3s,pods.images.kine=r/kine:1,pods.images.etcd=r/etcd:3,pods.images.postgresClient=r/pg:17,pods.images.vcluster=r/v:1,"
            + "pods.postgresHost=db.example.com,pods.storageClass=fast,pods.storageSize=10Gi,pods.k3sStorageSize=2Gi,pods.exposure=tlsroute,pods.ingressClass=other,pods.gateway=gw/tls";
        var deployment = Objects((await HelmAsync("template", "x", Chart, "--set", set)).Ok())["Deployment/kubeflex-controller-manager"];
        var flags = deployment.Split('\n').Select(l => l.Trim()).Where(l => l.StartsWith("- --", StringComparison.Ordinal)).Select(l => l[2..])
            .Where(f => !f.StartsWith("--secure-listen", StringComparison.Ordinal) && !f.StartsWith("--upstream", StringComparison.Ordinal) && !f.StartsWith("--v=", StringComparison.Ordinal)).ToList();
        Assert.Contains("--kube-apiserver-image=r/a", flags);
        Assert.Contains("--gateway=gw/tls", flags);
        Assert.Equal(set.Split(',').Length, flags.Count(f => f is not "--pods=true" && !f.StartsWith("--leader", StringComparison.Ordinal) && !f.StartsWith("--zap", StringComparison.Ordinal)
            && !f.Contains("-address", StringComparison.Ordinal) && !f.StartsWith("--install", StringComparison.Ordinal)));
        // The only complaint is the one about the kubeconfig that is not there.
        var said = (await Command.RunAsync(Repository.Server, ["operator", "--kubeconfig=/absent", .. flags], NoEnvironment)).Fails();
        Assert.DoesNotContain("unknown argument", said, StringComparison.Ordinal);
        Assert.Contains("/absent", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_storage_service_gets_its_settings_and_its_password_from_a_secret_and_knows_each_argument()
    {
        var deployment = Objects((await HelmAsync("template", "x", Chart, "--set", "storage.replicas=3,storage.datastore=postgres://kf@db.example.com/kf?sslmode=verify-full,storage.passwordSecret.name=db,storage.passwordSecret.key=pw,image.tag=t1")).Ok())["Deployment/kubeflex-storage"];
        foreach (var text in (string[])["replicas: 3\n", "image: ghcr.io/kubestellar/kubeflex/manager:t1\n", "value: \"postgres://kf@db.example.com/kf?sslmode=verify-full\"", "secretKeyRef: {name: db, key: pw}", "secretName: kubeflex-storage-tls", "automountServiceAccountToken: false"])
            Assert.Contains(text, deployment, StringComparison.Ordinal);
        var args = deployment.Split('\n').Select(l => l.Trim()).Where(l => l.StartsWith("- --", StringComparison.Ordinal)).Select(l => l[2..]).ToList();
        // The only complaint is the one about the files that are not there.
        var said = (await Command.RunAsync(Repository.Server, ["storage", "serve", "--datastore=sqlite:/absent/a.db", .. args], NoEnvironment)).Fails();
        Assert.DoesNotContain("unknown argument", said, StringComparison.Ordinal);
        Assert.Contains("/etc/kubeflex/storage/tls.crt", said, StringComparison.Ordinal);
        Assert.Contains("value: \"postgres://postgres@postgres-postgresql.kubeflex-system.svc:5432/postgres?schema=kubeflex_storage\"", Objects((await HelmAsync("template", "x", Chart)).Ok())["Deployment/kubeflex-storage"], StringComparison.Ordinal);

        // Without the service, new control planes get a Kine each.
        Assert.Contains("--shared-storage=kine\n", Objects((await HelmAsync("template", "x", Chart, "--set", "storage.enabled=false")).Ok())["Deployment/kubeflex-controller-manager"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_operators_rights_are_no_more_than_its_types_need()
    {
        var role = Objects((await HelmAsync("template", "x", Chart)).Ok())["ClusterRole/kubeflex-manager-role"];
        Assert.DoesNotContain("\"*\"", role, StringComparison.Ordinal);
        Assert.DoesNotContain("route.openshift.io", role, StringComparison.Ordinal);
        // Making more rights than one has goes by name only.
        foreach (var rule in role.Split("- apiGroups:").Where(r => r.Contains("bind", StringComparison.Ordinal) && r.Contains("verbs: [bind", StringComparison.Ordinal)))
            Assert.Contains("resourceNames:", rule, StringComparison.Ordinal);
        Assert.Contains("resourceNames: [cluster-admin]", role, StringComparison.Ordinal);
        var without = Objects((await HelmAsync("template", "x", Chart, "--set", "rbac.host=false")).Ok())["ClusterRole/kubeflex-manager-role"];
        Assert.DoesNotContain("cluster-admin", without, StringComparison.Ordinal);
        Assert.Contains("routes/custom-host", Objects((await HelmAsync("template", "x", Chart, "--set", "isOpenShift=true")).Ok())["ClusterRole/kubeflex-manager-role"], StringComparison.Ordinal);
    }

    [Fact]
    public void The_charts_definitions_are_those_of_deploy_crds()
    {
        var source = Path.Combine(Repository.Root, "deploy", "crds");
        var names = Directory.GetFiles(source).Select(Path.GetFileName).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(names, Directory.GetFiles(Path.Combine(Chart, "crds")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (var name in names) Assert.Equal(File.ReadAllText(Path.Combine(source, name!)), File.ReadAllText(Path.Combine(Chart, "crds", name!)));
    }

    [Fact]
    public async Task The_plain_manifests_are_what_the_chart_renders()
    {
        _ = Tools.Helm;
        var fresh = Directory.CreateTempSubdirectory("kubeflex-manifests-").FullName;
        (await Command.RunAsync(Path.Combine(Repository.Root, "tools", "render-manifests.sh"), [fresh], NoEnvironment)).Ok();
        foreach (var name in (string[])["crds.yaml", "operator.yaml"])
            Assert.True(File.ReadAllText(Path.Combine(fresh, name)) == File.ReadAllText(Path.Combine(Repository.Root, "deploy", "manifests", name)),
                $"deploy/manifests/{name} is not what the chart renders: run tools/render-manifests.sh");
        Directory.Delete(fresh, recursive: true);
    }

    [Fact]
    public async Task It_installs_upgrades_and_uninstalls_on_the_embedded_hosting_control_plane()
    {
        var server = shared.Server;
        var kubeconfig = await shared.TargetAsync("hosting");
        Task<CommandResult> Kubectl(params string[] args) => server.KubectlAsync(kubeconfig, null, ["-n", "kubeflex-system", .. args]);
        Task<CommandResult> Helm(params string[] args) => Command.RunAsync(Tools.Helm, ["--kubeconfig", kubeconfig, "-n", "kubeflex-system", .. args], server.Environment);

        Assert.Contains("STATUS: deployed", (await Helm("install", "kubeflex-operator", Chart, "--create-namespace")).Ok(), StringComparison.Ordinal);
        var password = (await Kubectl("get", "secret", "postgres-postgresql", "-o", "jsonpath={.data.postgres-password}")).Ok();
        Assert.Equal(32, Convert.FromBase64String(password).Length);
        Assert.Equal("9443", (await Kubectl("get", "cm", "kubeflex-config", "-o", "jsonpath={.data.externalPort}")).Ok());
        Assert.Equal("openshift", (await Kubectl("get", "pch", "openshift-crds", "-o", "jsonpath={.metadata.labels.kflex\\.kubestellar\\.io/flavor}")).Ok());
        Assert.Equal("{{.HookName}}", (await Kubectl("get", "pch", "openshift-crds", "-o", "jsonpath={.spec.templates[0].metadata.name}")).Ok());

        (await Helm("upgrade", "kubeflex-operator", Chart, "--set", "replicas=2,domain=example.com")).Ok();
        Assert.Equal("2", (await Kubectl("get", "deploy", "kubeflex-controller-manager", "-o", "jsonpath={.spec.replicas}")).Ok());
        Assert.Equal("example.com", (await Kubectl("get", "cm", "kubeflex-config", "-o", "jsonpath={.data.domain}")).Ok());
        // A new one would not open the database that is there.
        Assert.Equal(password, (await Kubectl("get", "secret", "postgres-postgresql", "-o", "jsonpath={.data.postgres-password}")).Ok());

        (await Helm("uninstall", "kubeflex-operator")).Ok();
        (await Kubectl("get", "deploy", "kubeflex-controller-manager")).Fails();
        (await Kubectl("get", "clusterrole", "kubeflex-manager-role")).Fails();
        (await Kubectl("get", "crd", "controlplanes.tenancy.kflex.kubestellar.org")).Ok();
        (await Kubectl("delete", "namespace", "kubeflex-system")).Ok();
    }

    [Fact]
    public async Task The_plain_manifests_apply_to_a_control_plane()
    {
        var server = shared.Server;
        var kubeconfig = await server.CreateControlPlaneAsync("manifests");
        var manifests = Path.Combine(Repository.Root, "deploy", "manifests");
        (await server.KubectlAsync(kubeconfig, null, "apply", "--server-side", "-f", Path.Combine(manifests, "crds.yaml"))).Ok();
        (await server.KubectlAsync(kubeconfig, null, "wait", "--for=condition=Established", "crd", "--all")).Ok();
        (await server.KubectlAsync(kubeconfig, null, "apply", "--server-side", "-f", Path.Combine(manifests, "operator.yaml"))).Ok();
        Assert.Equal("deployment.apps/kubeflex-controller-manager\ndeployment.apps/kubeflex-storage", (await server.KubectlAsync(kubeconfig, null, "get", "deploy", "-n", "kubeflex-system", "-o", "name")).Ok());
    }

    private static Task<CommandResult> HelmAsync(params string[] args) => Command.RunAsync(Tools.Helm, args, NoEnvironment);

    /// <summary>The documents of a stream by kind and name. Each of ours bears <c>metadata.name</c> two blanks deep, at first.</summary>
    private static Dictionary<string, string> Objects(string yaml) => Separator().Split(yaml).Where(d => d.Contains("kind:", StringComparison.Ordinal)).ToDictionary(
        d => $"{Kind().Match(d).Groups[1].Value}/{Name().Match(d).Groups[1].Value}", d => d);

    [GeneratedRegex(@"^---$", RegexOptions.Multiline)]
    private static partial Regex Separator();

    [GeneratedRegex(@"^kind: (\S+)$", RegexOptions.Multiline)]
    private static partial Regex Kind();

    [GeneratedRegex(@"^metadata:\n  name: (\S+)$", RegexOptions.Multiline)]
    private static partial Regex Name();
}
