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

#[test]
fn tokens_that_name_users_by_another_member_leave_the_customer_to_first_need() {
    let app = |sign: &str| {
        format!(
            "const express = require('express');\nconst jwt = require('jsonwebtoken');\nconst mongoose = require('mongoose');\nconst OpenAI = require('openai');\n\nconst app = express();\nconst ai = new OpenAI();\nconst User = mongoose.model('User', new mongoose.Schema({{ email: String, publicId: String }}));\n\nconst tokenOf = (id) => jwt.sign({{ id }}, 's');\n\nconst requireAuth = (req, res, next) => {{\n  req.user = jwt.verify(req.get('a'), 's');\n  next();\n}};\n\napp.post('/sign-up', async (req, res) => {{\n  const user = await User.create({{ email: req.body.email }});\n  res.json({{ token: {sign} }});\n}});\n\napp.post('/ask', requireAuth, async (req, res) => {{\n  const r = await ai.responses.create({{ input: 'x' }});\n  res.json({{ r, by: req.user.id }});\n}});\n"
        )
    };
    let package = r#"{"name": "a", "dependencies": {"express": "5", "openai": "6", "jsonwebtoken": "9", "mongoose": "8"}}"#;
    for (sign, made) in [
        ("jwt.sign({ id: user._id }, 's')", true),
        ("jwt.sign({ id: user.publicId }, 's')", false),
        ("tokenOf(user.id)", true),
        ("tokenOf(user.publicId.toString())", false),
    ] {
        let app = if sign.starts_with("tokenOf") {
            app(sign)
        } else {
            app(sign).replace("const tokenOf = (id) => jwt.sign({ id }, 's');\n", "")
        };
        let files = [("package.json", package), ("app.js", app.as_str())];
        let (step, text) = plan(&files, Area::Customer, "app.js");
        assert_eq!(text.contains("await registerCustomer({ id: user.id"), made, "{text}");
        assert!(made || step.notes.iter().any(|note| note.contains("(`publicId`)")), "{:?}", step.notes);
    }
}

#[test]
fn a_record_that_is_changed_and_saved_again_is_a_customer_after_that() {
    let views = "from django.contrib.auth.models import User\nfrom rest_framework.response import Response\nfrom rest_framework.views import APIView\n\n\nclass SignUpView(APIView):\n    def post(self, request):\n        user = User.objects.create_user(request.data[\"email\"])\n        user.is_active = False\n        user.save()\n        return Response(status=201)\n";
    let files = [
        ("requirements.txt", "django\ndjangorestframework\ndjangorestframework-simplejwt\n"),
        (
            "core/settings.py",
            "INSTALLED_APPS = [\"django.contrib.auth\", \"rest_framework\", \"users\"]\nROOT_URLCONF = \"core.urls\"\n",
        ),
        (
            "core/urls.py",
            "from django.urls import path\n\nfrom users.views import SignUpView\n\nurlpatterns = [path(\"sign-up/\", SignUpView.as_view())]\n",
        ),
        (
            "users/models.py",
            "from django.db import models\n\n\nclass Note(models.Model):\n    text = models.TextField()\n",
        ),
        ("users/views.py", views),
    ];
    let (_, text) = plan(&files, Area::Customer, "users/views.py");
    assert!(
        text.contains("        user.save()\n        register_customer(BillingUser(id=str(user.id)"),
        "{text}"
    );
}
