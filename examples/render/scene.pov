// A harbour of mirrors: a grid of cores on a checkered sea, some of them lent out (they glow), one of glass.
// Deterministic on purpose: no jitter, no radiosity, no clock, so that row ranges rendered on different machines stitch
// into exactly the picture that one machine renders (see README.md).
#version 3.7;
global_settings { assumed_gamma 1.0 max_trace_level 6 }

#declare Night  = rgb <0.010, 0.016, 0.040>;
#declare Dusk   = rgb <0.15, 0.055, 0.115>;
#declare Ember  = rgb <0.80, 0.27, 0.10>;
#declare Amber  = rgb <1.00, 0.62, 0.22>;
#declare Teal   = rgb <0.10, 0.62, 0.66>;
#declare Rose   = rgb <0.86, 0.22, 0.34>;
#declare Ivory  = rgb <0.93, 0.90, 0.82>;

camera {
    location <0, 2.9, -12.2>
    look_at <0, 1.62, 0>
    right x * image_width / image_height
    angle 42
}

// ---- light: a warm low key, a cool fill, and the glowing cores themselves
light_source {
    <14, 13, -12> color rgb <1.0, 0.86, 0.68> * 1.15
    area_light <1.6, 0, 1.1>, <0, 1.6, 0>, 3, 3 adaptive 0
}
light_source { <-16, 9, -8> color rgb <0.34, 0.46, 0.78> * 0.55 shadowless }

// ---- sky: night above, the last of the dusk at the horizon, and stars by a granite that is cut off hard
sky_sphere {
    pigment {
        gradient y
        color_map { [0.00 Ember] [0.05 Dusk * 1.4] [0.14 Dusk * 0.5] [0.34 Night * 1.6] [1.00 Night] }
    }
    pigment {
        granite scale 0.016
        color_map { [0.00 rgbt 1] [0.82 rgbt 1] [0.85 rgbt <0.9, 0.92, 1, 0.3>] [1.00 rgbt <1, 1, 1, 0>] }
    }
}

// ---- sea: a checkered floor, polished; a thin haze swallows it before the squares become noise
plane {
    y, 0
    pigment { checker color Ivory * 0.62, color rgb <0.035, 0.055, 0.085> scale 1.1 rotate y * 28 }
    finish { ambient 0.02 diffuse 0.62 specular 0.35 roughness 0.012 reflection { 0.10, 0.42 fresnel off falloff 2 } }
}

fog { fog_type 2 distance 70 fog_offset 0 fog_alt 0.5 color Ember * 0.30 + Dusk * 0.20 }

#macro Metal(Tint)
    pigment { color Tint }
    finish { ambient 0.01 diffuse 0.20 specular 0.75 roughness 0.006 metallic reflection { 0.58 metallic } }
#end

#macro Enamel(Tint)
    pigment { color Tint }
    finish { ambient 0.02 diffuse 0.72 specular 0.6 roughness 0.01 reflection { 0.03, 0.35 falloff 3 } }
#end

#macro Glow(Tint)
    pigment { color Tint }
    finish { ambient 0 diffuse 0.25 emission 0.85 reflection 0.06 }
#end

// ---- the machine room: a ring of small cores around the glass one
#declare Ring = 14;
#for (I, 0, Ring - 1)
    #local Angle = I * 360 / Ring + 9;
    #local Size = 0.42 + 0.13 * sin(radians(I * 103));
    #local Where = vrotate(<4.15, 0, 0>, y * Angle);
    sphere {
        <Where.x, Size, Where.z>, Size
        #switch (mod(I, 4))
            #case (0) Metal(Ivory) #break
            #case (1) Enamel(Teal) #break
            #case (2) Metal(Amber) #break
            #else Enamel(Rose)
        #end
    }
#end

// A spiral of lamps climbs round the middle: the deals that are open.
#for (I, 0, 21)
    #local Angle = I * 39;
    #local Radius = 2.32 - I * 0.045;
    #local Where = vrotate(<Radius, 0.22 + I * 0.145, 0>, y * Angle);
    sphere { Where, 0.115 #if (mod(I, 3) = 0) Glow(Teal * 1.3) #else Glow(Amber) #end }
#end

// The glass heart on its plinth, with a mirror core inside.
difference {
    cylinder { <0, 0, 0>, <0, 0.36, 0>, 1.62 }
    torus { 1.62, 0.13 translate y * 0.36 }
    Metal(rgb <0.55, 0.57, 0.62>)
}
sphere {
    <0, 1.78, 0>, 1.40
    pigment { color rgbf <0.94, 0.985, 0.98, 0.97> }
    finish { ambient 0 diffuse 0.03 specular 0.9 roughness 0.002 reflection { 0.02, 0.9 fresnel on } conserve_energy }
    interior { ior 1.33 fade_distance 4 fade_power 1 fade_color <0.6, 0.95, 0.95> }
}
sphere { <0, 1.78, 0>, 0.52 Metal(Amber) }

// Two great mirrors at the back show the whole harbour again.
sphere { <-4.7, 1.75, 4.4>, 1.75 Metal(rgb <0.82, 0.86, 0.92>) }
sphere { < 4.9, 1.45, 4.0>, 1.45 Metal(rgb <0.95, 0.80, 0.62>) }
