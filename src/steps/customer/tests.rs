//! Sign-ups that are none, or whose record is not there yet.

use crate::steps::Area;
use crate::steps::paid::tests::plan;

#[test]
fn a_record_that_is_not_waited_for_has_no_id_yet() {
    let route = |wait: &str| {
        format!(
            "import {{ prisma }} from \"@/lib/prisma\";\n\nexport async function POST(request: Request) {{\n  const {{ email }} = await request.json();\n  const user = {wait}prisma.user.create({{ data: {{ email }} }});\n  return Response.json(user);\n}}\n"
        )
    };
    let package = r#"{"name": "a", "dependencies": {"next": "15", "react": "19", "next-auth": "5.0.0-beta.25", "@prisma/client": "6"}, "devDependencies": {"typescript": "5"}}"#;
    for (wait, made) in [("await ", true), ("", false)] {
        let route = route(wait);
        let files = [
            ("package.json", package),
            ("tsconfig.json", "{\"compilerOptions\": {\"paths\": {\"@/*\": [\"./*\"]}}}"),
            ("prisma/schema.prisma", "model User {\n  id String @id\n  email String\n}\n"),
            (
                "lib/prisma.ts",
                "import { PrismaClient } from \"@prisma/client\";\nexport const prisma = new PrismaClient();\n",
            ),
            (
                "auth.ts",
                "import NextAuth from \"next-auth\";\nimport Credentials from \"next-auth/providers/credentials\";\n\nexport const { handlers, auth } = NextAuth({ providers: [Credentials({ authorize: async () => null })] });\n",
            ),
            ("app/api/sign-up/route.ts", route.as_str()),
        ];
        let (step, text) = plan(&files, Area::Customer, "app/api/sign-up/route.ts");
        let todo: String = step.todo.iter().map(ToString::to_string).collect();
        assert_eq!(text.contains("await registerCustomer({ id: user.id"), made, "{text}{todo}");
        assert!(made || todo.contains("is not waited for here"), "{todo}");
    }
}

#[test]
fn a_serializer_that_only_an_unrouted_view_has_makes_nobody() {
    let serializers = "from django.contrib.auth.models import User\nfrom rest_framework import serializers\n\n\nclass SignUpSerializer(serializers.ModelSerializer):\n    class Meta:\n        model = User\n        fields = [\"email\", \"password\"]\n\n    def create(self, validated_data):\n        user = User.objects.create_user(**validated_data)\n        return user\n";
    let views = "from rest_framework import generics\n\nfrom .serializers import SignUpSerializer\n\n\nclass SignUpView(generics.CreateAPIView):\n    serializer_class = SignUpSerializer\n";
    let urls = |routes: &str| {
        format!(
            "from django.urls import path\n\nfrom users.views import SignUpView\n\nurlpatterns = [{routes}]\n"
        )
    };
    for (routes, made) in [("path(\"sign-up/\", SignUpView.as_view())", true), ("", false)] {
        let urls = urls(routes);
        let files = [
            ("requirements.txt", "django\ndjangorestframework\ndjangorestframework-simplejwt\n"),
            (
                "core/settings.py",
                "INSTALLED_APPS = [\"django.contrib.auth\", \"rest_framework\", \"users\"]\nROOT_URLCONF = \"core.urls\"\n",
            ),
            ("core/urls.py", urls.as_str()),
            (
                "users/models.py",
                "from django.db import models\n\n\nclass Note(models.Model):\n    text = models.TextField()\n",
            ),
            ("users/views.py", views),
            ("users/serializers.py", serializers),
        ];
        let (step, text) = plan(&files, Area::Customer, "users/serializers.py");
        let todo: String = step.todo.iter().map(ToString::to_string).collect();
        assert_eq!(text.contains("register_customer(BillingUser(id="), made, "{text}{todo}{:?}", step.status);
    }
}
